//! A worker's answers, and what they say about the worker.

use super::event::{Attempt, WorkerReply};
use super::job::{JobKey, Lane, Place};
use super::peer::PeerKey;
use super::pool::PoolKey;
use super::worker::{Occupation, Outstanding, Service, Waiter};
use super::{Action, Dispatcher, Timer};
use crate::common::{Ending, LostCause, Notice, Repeat};
use powerhose_protocol::WorkerEnd;
use std::time::Duration;
use tracing::{debug, info};

/// A worker that says a job's time is over while this much or more is left by our clock has a clock of its own.
const EXPIRY_TOLERANCE: Duration = Duration::from_millis(10);
/// How long a worker gets no jobs that gives back jobs it was not asked for and does not say that it leaves.
const REST_AFTER_REFUSAL: Duration = Duration::from_secs(1);
/// The longest rest of a worker that runs too long too often.
const REST_MAX: Duration = Duration::from_secs(60);
/// Its shortest; in between it is ten times the pool's soft run time.
const REST_MIN: Duration = Duration::from_secs(1);

/// Where an answered job stood among those of its worker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    First,
    /// Behind one that is not answered.
    Behind,
}

impl Dispatcher {
    /// A worker's answer.
    pub(crate) fn reply(&mut self, key: PeerKey, reply: WorkerReply<'_>) {
        let (now, number) = (self.now, self.peers[key].number);
        let worker = self.peers.worker(key);
        let Some(place) = worker.find(reply.job, reply.attempt) else {
            self.stats.replies_stray += 1;
            debug!(job = %reply.job, attempt = reply.attempt, worker = number, "a reply to nothing it has");
            return;
        };
        let stands = if place == 0 { Stands::First } else { Stands::Behind };
        let answered = worker.outstanding.remove(place);
        // If it has answered nothing since it was given this job, it had nothing else to do.
        let went_straight = stands == Stands::First && worker.answered <= answered.dispatched;
        worker.outstanding_bytes -= answered.bytes;
        worker.answered = now;
        let recalled = matches!(answered.waiter, Waiter::Recalled(_));
        match stands {
            Stands::First => worker.occupation = Occupation::None,
            Stands::Behind if reply.end == WorkerEnd::Returned && !recalled => {
                worker.occupation = Occupation::LongRun;
            }
            Stands::Behind => {}
        }
        self.pools[answered.pool].dispatched -= 1;
        if matches!(reply.end, WorkerEnd::Done | WorkerEnd::Failed) {
            self.record_run(key, &answered, &reply);
            if went_straight {
                self.record_round_trip(key, &answered, reply.run);
            }
            self.notice_served(key);
        }
        match answered.waiter.job() {
            Some(job) => self.conclude(key, job, answered.waiter, stands, reply),
            None => {
                self.stats.replies_late += 1;
                debug!(job = %reply.job, worker = number, "a late reply was dropped");
                self.back_in_time(key);
            }
        }
        self.update_listing(key);
    }

    fn notice_served(&mut self, key: PeerKey) {
        let Some(every) = self.settings.worker_served_notice else { return };
        let worker = self.peers.worker(key);
        let (jobs, pid) = (worker.done + worker.failed, worker.pid);
        if jobs.is_multiple_of(every.get()) {
            let worker = self.peers[key].number;
            self.actions.push_back(Action::Notify(Notice::WorkerServed { worker, pid, jobs }));
        }
    }

    fn record_run(&mut self, key: PeerKey, answered: &Outstanding, reply: &WorkerReply<'_>) {
        let pool = &mut self.pools[answered.pool];
        pool.runs.record(reply.run);
        let soft = pool.settings.run_time_soft;
        let overruns_max = pool.settings.overruns_max;
        let worker = self.peers.worker(key);
        worker.runs.record(reply.run);
        match reply.end {
            WorkerEnd::Done => worker.done += 1,
            _ => worker.failed += 1,
        }
        let Some(soft) = soft else { return };
        if reply.run <= soft {
            worker.overruns = 0;
            if let Service::Resting { .. } = worker.service {
                worker.service = Service::On;
                info!(worker = self.peers[key].number, "answers in time again");
                let worker = self.peers[key].number;
                self.actions.push_back(Action::Notify(Notice::WorkerBack { worker }));
            }
            return;
        }
        worker.overruns += 1;
        if worker.overruns > overruns_max && worker.service != Service::Quiet {
            self.take_out(key, answered, soft);
        }
    }

    /// What went by since the job was given, less its run, was the way.
    fn record_round_trip(&mut self, key: PeerKey, answered: &Outstanding, run: Duration) {
        let round_trip = self.now.saturating_duration_since(answered.dispatched).saturating_sub(run);
        let worker = self.peers.worker(key);
        let membership = worker.memberships.iter().find(|(pool, _)| *pool == answered.pool);
        if let Some((pool, member)) = membership.copied() {
            self.pools[pool].members.record_round_trip(member, round_trip);
        }
    }

    /// A worker ran over the soft run time too often in a row: it rests, unless nobody else serves its pools.
    fn take_out(&mut self, key: PeerKey, answered: &Outstanding, soft: Duration) {
        let rest = (soft * 10).clamp(REST_MIN, REST_MAX);
        let colleagues: Vec<PeerKey> = self.pools[answered.pool].members.workers().collect();
        let helped = colleagues
            .into_iter()
            .any(|other| other != key && self.peers.worker(other).service == Service::On);
        let until = if helped { self.now + rest } else { self.now };
        let number = self.peers[key].number;
        let worker = self.peers.worker(key);
        let was_on = worker.service == Service::On;
        worker.service = Service::Resting { until };
        if helped {
            self.timers.set(until, Timer::RestOver(key));
        }
        if was_on {
            info!(worker = number, job = %answered.id, rest_ms = rest.as_millis() as u64, "ran too long too often");
            self.actions
                .push_back(Action::Notify(Notice::WorkerOverdue { worker: number, job: answered.id }));
        }
    }

    /// A worker no longer serves this pool. If nobody else does, those that rest must.
    pub(super) fn end_rests(&mut self, pool: PoolKey) {
        let workers: Vec<PeerKey> = self.pools[pool].members.workers().collect();
        if workers.iter().any(|worker| self.peers.worker(*worker).service == Service::On) {
            return;
        }
        for key in workers {
            let worker = self.peers.worker(key);
            // Without overruns it rests because it gave jobs back, and would do so again.
            if matches!(worker.service, Service::Resting { .. }) && worker.overruns > 0 {
                worker.service = Service::Resting { until: self.now };
                self.update_listing(key);
            }
        }
    }

    /// A resting worker may be tried again.
    pub(super) fn rest_over(&mut self, key: PeerKey) {
        if self.peers.get(key).is_some() {
            let now = self.now;
            if let Some(worker) = self.peers[key].worker_mut()
                && let Service::Resting { until } = worker.service
                && until <= now
                && worker.overruns == 0
            {
                worker.service = Service::On;
            }
            self.update_listing(key);
        }
    }

    /// An overdue worker has answered everything that nobody waited for.
    fn back_in_time(&mut self, key: PeerKey) {
        let worker = self.peers.worker(key);
        if !worker.is_overdue() {
            let worker = self.peers[key].number;
            debug!(worker, "overdue no longer");
            self.actions.push_back(Action::Notify(Notice::WorkerBack { worker }));
        }
    }

    fn conclude(
        &mut self,
        worker: PeerKey,
        key: JobKey,
        waiter: Waiter,
        stands: Stands,
        reply: WorkerReply<'_>,
    ) {
        match reply.end {
            WorkerEnd::Done if reply.payload.len() > self.settings.payload_bytes_max => {
                self.ran(key);
                let text =
                    format!("the reply has more than {} bytes", self.settings.payload_bytes_max).into();
                self.finish(key, Ending::Failed { code: "reply_too_large".into(), text }, reply.run);
            }
            WorkerEnd::Done => {
                self.ran(key);
                self.finish(key, Ending::Done { payload: reply.payload, headers: reply.headers }, reply.run);
            }
            WorkerEnd::Failed => {
                self.ran(key);
                debug!(job = %reply.job, code = reply.code, "failed");
                let ending = Ending::Failed { code: reply.code.into(), text: reply.text.into() };
                self.finish(key, ending, reply.run);
            }
            WorkerEnd::Expired if self.jobs[key].deadline.since(self.moment) <= EXPIRY_TOLERANCE => {
                self.finish_timed_out(key);
            }
            WorkerEnd::Returned | WorkerEnd::Expired | WorkerEnd::Cancelled => {
                if reply.end == WorkerEnd::Cancelled {
                    // Nobody cancelled it: whatever stopped it may have done so in its midst.
                    self.ran(key);
                }
                let expected = matches!(waiter, Waiter::Recalled(_)) || stands == Stands::Behind;
                if reply.end != WorkerEnd::Returned || !expected {
                    self.rest_unless_leaving(worker);
                }
                self.come_back(key);
            }
        }
    }

    fn ran(&mut self, key: JobKey) {
        self.jobs[key].may_have_run = true;
    }

    /// A worker that keeps giving back what it was not asked for would spin the master.
    fn rest_unless_leaving(&mut self, key: PeerKey) {
        let worker = self.peers.worker(key);
        let mut until = self.now + REST_AFTER_REFUSAL;
        match worker.service {
            Service::On => {}
            Service::Resting { until: before } => until = until.max(before),
            Service::Quiet => return,
        }
        worker.service = Service::Resting { until };
        self.timers.set(until, Timer::RestOver(key));
    }

    /// A job comes back that its worker has not begun: nobody is charged.
    pub(super) fn come_back(&mut self, key: JobKey) {
        let job = &mut self.jobs[key];
        job.returned += 1;
        self.stats.returned += 1;
        match job.repeat {
            Repeat::Allowed => self.wait_in_queue(key, Lane::Again),
            Repeat::Never => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO),
        }
    }

    /// If the job is at a worker: nobody waits for it there any longer. The worker is told, and is overdue until it
    /// answers; what it has not begun goes to others.
    pub(super) fn release_worker(&mut self, key: JobKey) {
        let job = &mut self.jobs[key];
        let (Place::Dispatched { worker }, id, attempt) = (&job.place, job.id, job.attempt) else { return };
        let worker_key = *worker;
        job.may_have_run = true;
        let number = self.peers[worker_key].number;
        let worker = self.peers.worker(worker_key);
        let place =
            worker.find(id, u64::from(attempt)).expect("a dispatched job is outstanding at its worker");
        let was_overdue = worker.is_overdue();
        worker.outstanding[place].waiter = Waiter::Nobody;
        let job = Attempt { job: id, attempt };
        self.actions.push_back(Action::Cancel { worker: worker_key, job });
        if !was_overdue {
            debug!(worker = number, job = %id, "overdue");
            self.actions.push_back(Action::Notify(Notice::WorkerOverdue { worker: number, job: id }));
        }
        self.recall(worker_key, None, usize::MAX);
        self.update_listing(worker_key);
    }
}
