//! How a job ends: in one of six ways, once, and with its caller told unless he left.

use super::clock::nanoseconds;
use super::event::Attempt;
use super::fleet::{Account, Wanted};
use super::keys::{JobKey, PeerKey};
use super::queue::{Job, Place};
use super::{Action, Dispatcher, Timer};
use crate::common::{Ending, LostCause, Notice, Outcome, Rejection};
use std::time::Duration;
use tracing::{debug, trace};

/// A caller in this process who leaves so shortly before a job's deadline does so because its time is over.
const LEFT_AT_DEADLINE: Duration = Duration::from_millis(50);

impl Dispatcher {
    /// Ends a job that nobody waits for.
    pub(super) fn drop_job(&mut self, key: JobKey) {
        debug!(parent: self.queue[key].span(), "its caller left");
        self.release_worker(key);
        let job = self.take(key);
        // A remote client may have left because its time was over by its own clock. That it changed its mind cannot be told apart.
        if job.client != self.fleet.here() || job.deadline.since(self.clock.moment()) <= LEFT_AT_DEADLINE {
            self.unanswered.count(self.clock.now());
        }
        self.count_cancelled(&job);
    }

    /// Takes a job out of wherever it is. A job at a worker must have been released first.
    fn take(&mut self, key: JobKey) -> Job {
        if let Place::Waiting { .. } = self.queue[key].place {
            self.queue.leave(key);
        }
        let job = self.queue.remove(key);
        self.timers.stop(job.deadline_timer);
        if let Place::AwaitsExit { timer, .. } = job.place {
            self.timers.stop(timer);
        }
        self.fleet.remove_call(job.client, job.id.call());
        self.fleet.job_ended(job.pool);
        job
    }

    /// If the job is at a worker: nobody waits for it there any longer. The worker is told, and is overdue until it
    /// answers; what it has not begun goes to others.
    pub(super) fn release_worker(&mut self, key: JobKey) {
        let job = &mut self.queue[key];
        let (Place::Dispatched { worker }, id, attempt) = (&job.place, job.id, job.attempt) else { return };
        let worker = *worker;
        job.may_have_run = true;
        let wanted = self.fleet.unwant(worker, id, attempt);
        self.actions.push_back(Action::Cancel { worker, job: Attempt { job: id, attempt } });
        if wanted == Wanted::UntilNow {
            let number = self.fleet.number(worker);
            debug!(worker = number, job = %id, "overdue");
            self.notify(Notice::WorkerOverdue { worker: number, job: id });
        }
        self.recall(worker, None, usize::MAX);
        self.fleet.update_listing(worker, self.clock.moment());
    }

    /// Ends a job and tells its caller.
    pub(super) fn finish(&mut self, key: JobKey, ending: Ending, run: Duration) {
        let job = self.take(key);
        let wait = job.last_dispatch.map_or(self.clock.moment(), |last| last.at).since(job.accepted);
        self.count_end(&job, &ending, wait, run);
        let outcome = Outcome {
            ending,
            may_have_run: job.may_have_run,
            attempts: job.attempts(),
            worker: job.last_dispatch.map(|last| last.worker.get()),
            wait,
            run,
        };
        self.deliver(job.client, job.id.call(), outcome);
    }

    /// Tells a caller how his job ended, or that it was refused.
    pub(super) fn deliver(&mut self, client: PeerKey, call: u64, outcome: Outcome) {
        let stats = &mut self.stats;
        match &outcome.ending {
            Ending::Done { .. } => stats.done += 1,
            Ending::Failed { .. } => stats.failed += 1,
            Ending::TimedOut => {
                stats.timed_out += 1;
                self.unanswered.count(self.clock.now());
            }
            Ending::Lost(_) => {
                stats.lost += 1;
                self.unanswered.count(self.clock.now());
            }
            Ending::Rejected(rejection) => {
                stats.rejected += 1;
                stats.rejections.count(rejection);
            }
        }
        self.actions.push_back(Action::Told { client, call, outcome });
    }

    /// A job has so much time from now on.
    pub(super) fn set_deadline(&mut self, key: JobKey, within: Duration) {
        let job = &mut self.queue[key];
        job.deadline = self.clock.moment().after(within);
        self.timers.stop(job.deadline_timer);
        job.deadline_timer = self.timers.set_at(job.deadline.milliseconds_up(), Timer::Deadline(key));
    }

    /// A caller's patience is over.
    pub(super) fn deadline(&mut self, key: JobKey) {
        let Some(job) = self.queue.get(key) else { return };
        match job.place {
            Place::Waiting { .. } => self.finish_timed_out(key),
            Place::Dispatched { .. } => {
                self.release_worker(key);
                self.finish_timed_out(key);
            }
            Place::AwaitsExit { .. } => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO),
        }
    }

    /// A job has waited for a pool that nobody offers.
    pub(super) fn unknown_pool(&mut self, key: JobKey) {
        let Some(job) = self.queue.get(key) else { return };
        let pool = self.fleet.pool(job.pool);
        if pool.is_known() {
            return;
        }
        let rejection = Rejection::NoWorkers { pool: (&*pool.name).into(), offered: self.fleet.offered() };
        debug!(job = %job.id, ?rejection, "rejected");
        self.finish(key, Ending::Rejected(rejection), Duration::ZERO);
    }

    /// The deadline of a job passed before it could be dispatched.
    pub(super) fn finish_timed_out(&mut self, key: JobKey) {
        debug!(parent: self.queue[key].span(), "timed out");
        self.count_lateness(self.clock.moment().since(self.queue[key].deadline));
        self.finish(key, Ending::TimedOut, Duration::ZERO);
    }

    /// A job has ended: its pool remembers how, and how long it took.
    fn count_end(&mut self, job: &Job, ending: &Ending, wait: Duration, run: Duration) {
        let total_ns = self.clock.moment().nanoseconds_since(job.accepted);
        trace!(parent: job.span(), end = ending.word(), ?wait, ?run, total = ?Duration::from_nanos(total_ns), "ended");
        let Account { ends, times } = self.fleet.account_of(job.pool);
        match ending {
            Ending::Done { .. } => ends.done += 1,
            Ending::Failed { .. } => ends.failed += 1,
            Ending::TimedOut => ends.timed_out += 1,
            Ending::Lost(_) => ends.lost += 1,
            Ending::Rejected(_) => {
                ends.rejected += 1;
                return;
            }
        }
        times.wait.record(wait);
        times.total.record_ns(total_ns);
        if matches!(ending, Ending::Done { .. } | Ending::Failed { .. }) {
            times.run.record(run);
            times.overhead.record_ns(total_ns.saturating_sub(nanoseconds(run)));
        }
    }

    /// A deadline is acted upon so long after it.
    pub(super) fn count_lateness(&mut self, late: Duration) {
        self.stats.lateness.record(late);
    }

    /// A job ended that nobody waits for.
    fn count_cancelled(&mut self, job: &Job) {
        self.stats.cancelled += 1;
        self.fleet.account_of(job.pool).ends.cancelled += 1;
    }
}
