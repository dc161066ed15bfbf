//! A worker's answers, and what they say about the worker.

use super::fleet::{Bearing, Service, Stands, Waiter};
use super::keys::{JobKey, PeerKey, PoolKey};
use super::queue::Lane;
use super::{Dispatcher, Timer};
use crate::common::{Ending, Headers, LostCause, Notice, Repeat};
use bytes::Bytes;
use powerhose_protocol::{JobId, WorkerEnd};
use std::time::Duration;
use tracing::{debug, info};

/// A worker that says a job's time is over while this much or more is left by our clock has a clock of its own.
const EXPIRY_TOLERANCE: Duration = Duration::from_millis(10);

/// A worker's answer to one job, read from the wire and on its way to the job's end.
pub(crate) struct WorkerReply<'a> {
    pub(crate) job: JobId,
    pub(crate) attempt: u64,
    pub(crate) end: WorkerEnd,
    pub(crate) run: Duration,
    pub(crate) code: &'a str,
    pub(crate) text: &'a str,
    pub(crate) headers: Headers,
    pub(crate) payload: Bytes,
}

impl WorkerReply<'_> {
    /// How long the handler ran, if it did to its end.
    fn ran(&self) -> Option<Duration> {
        match self.end {
            WorkerEnd::Done | WorkerEnd::Failed => Some(self.run),
            WorkerEnd::Returned | WorkerEnd::Expired | WorkerEnd::Cancelled => None,
        }
    }
}

impl Dispatcher {
    /// A worker's answer.
    pub(crate) fn reply(&mut self, key: PeerKey, reply: WorkerReply<'_>) {
        let (which, how) = ((reply.job, reply.attempt), (reply.end, reply.ran()));
        let Some((answered, stands)) = self.fleet.answer(key, which, how, self.clock.moment()) else {
            self.stats.replies_stray += 1;
            let worker = self.fleet.number(key);
            debug!(job = %reply.job, attempt = reply.attempt, worker, "a reply to nothing it has");
            return;
        };
        if reply.ran().is_some() {
            self.record_run(key, answered.pool, &reply);
            self.notice_served(key);
        }
        match answered.waiter.job() {
            Some(job) => self.conclude(key, job, answered.waiter, stands, reply),
            None => {
                self.stats.replies_late += 1;
                debug!(job = %reply.job, worker = self.fleet.number(key), "a late reply was dropped");
                self.back_in_time(key);
            }
        }
        if self.queue.waiting_in(answered.pool) > 0 {
            self.give_up_hopeless(answered.pool);
        }
        self.fleet.update_listing(key, self.clock.moment());
    }

    fn notice_served(&mut self, key: PeerKey) {
        let (Some(every), Some(worker)) = (self.settings.worker_served_notice, self.fleet.worker(key)) else {
            return;
        };
        let (jobs, pid) = (worker.done + worker.failed, worker.pid);
        if jobs.is_multiple_of(every.get()) {
            self.notify(Notice::WorkerServed { worker: self.fleet.number(key), pid, jobs });
        }
    }

    fn record_run(&mut self, key: PeerKey, pool: PoolKey, reply: &WorkerReply<'_>) {
        let worker = self.fleet.number(key);
        match self.fleet.record_run(key, pool, (reply.run, reply.end), self.clock.moment()) {
            Bearing::Usual => {}
            Bearing::Recovered => {
                info!(worker, "answers in time again");
                self.notify(Notice::WorkerBack { worker });
            }
            Bearing::TooLong(rest) => {
                if let Some(until) = rest.until {
                    self.timers.set_at(until.milliseconds_up(), Timer::RestOver(key));
                }
                if rest.before == Service::On {
                    let rest_ms = rest.length.as_millis() as u64;
                    info!(worker, job = %reply.job, rest_ms, "ran too long too often");
                    self.notify(Notice::WorkerOverdue { worker, job: reply.job });
                }
            }
        }
    }

    /// An overdue worker has answered everything that nobody waited for.
    fn back_in_time(&mut self, key: PeerKey) {
        if self.fleet.worker(key).is_some_and(|worker| !worker.is_overdue()) {
            let worker = self.fleet.number(key);
            debug!(worker, "overdue no longer");
            self.notify(Notice::WorkerBack { worker });
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
            WorkerEnd::Expired if self.queue[key].deadline.since(self.clock.moment()) <= EXPIRY_TOLERANCE => {
                self.finish_timed_out(key);
            }
            WorkerEnd::Returned | WorkerEnd::Expired | WorkerEnd::Cancelled => {
                if reply.end == WorkerEnd::Cancelled {
                    // Nobody cancelled it: whatever stopped it may have done so in its midst.
                    self.ran(key);
                }
                let expected = matches!(waiter, Waiter::Recalled(_)) || stands == Stands::Behind;
                if reply.end != WorkerEnd::Returned || !expected {
                    self.spare(worker);
                }
                self.come_back(key);
            }
        }
    }

    fn ran(&mut self, key: JobKey) {
        self.queue[key].may_have_run = true;
    }

    /// A worker that gave back what it was not asked for gets nothing for a while, unless it leaves.
    fn spare(&mut self, key: PeerKey) {
        if let Some(until) = self.fleet.rest_unless_leaving(key, self.clock.moment()) {
            self.timers.set_at(until.milliseconds_up(), Timer::RestOver(key));
        }
    }

    /// A job comes back that its worker has not begun: nobody is charged.
    pub(super) fn come_back(&mut self, key: JobKey) {
        let job = &mut self.queue[key];
        job.returned += 1;
        self.stats.returned += 1;
        match job.repeat {
            Repeat::Allowed => self.wait_in_queue(key, Lane::Again),
            Repeat::Never => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO),
        }
    }
}
