//! How a job ends: in one of six ways, once, and with its caller told unless he left.

use super::job::{Job, JobKey, Place};
use super::peer::{Peer, PeerKey};
use super::pool::Knowledge;
use super::{Action, Dispatcher};
use crate::common::{Ending, LostCause, Outcome, Rejection};
use std::time::Duration;
use tracing::debug;

impl Dispatcher {
    /// Ends a job that nobody waits for.
    pub(super) fn drop_job(&mut self, key: JobKey) {
        self.stats.cancelled += 1;
        self.pools[self.jobs[key].pool].ends.cancelled += 1;
        debug!(parent: self.jobs[key].span(), "its caller left");
        self.release_worker(key);
        self.take(key);
    }

    /// Takes a job out of wherever it is. A job at a worker must have been released first.
    pub(super) fn take(&mut self, key: JobKey) -> Job {
        if let Place::Waiting { .. } = self.jobs[key].place {
            self.leave_queue(key);
        }
        let job = self.jobs.remove(key).expect("a job ends once");
        self.timers.stop(job.deadline_timer);
        if let Place::AwaitsExit { timer, .. } = job.place {
            self.timers.stop(timer);
        }
        if let Some(state) = self.peers.get_mut(job.client).and_then(Peer::client_mut) {
            state.jobs.remove(&job.id.call());
        }
        self.pools.forget_if_idle(job.pool);
        job
    }

    /// Takes a waiting job out of its pool's queue, wherever it stands.
    pub(super) fn leave_queue(&mut self, key: JobKey) {
        let job = &self.jobs[key];
        self.waiting_jobs -= 1;
        self.waiting_bytes -= job.byte_count();
        let pool = job.pool;
        self.pools[pool].waiting.remove(&mut self.jobs, key);
    }

    /// Ends a job and tells its caller.
    pub(super) fn finish(&mut self, key: JobKey, ending: Ending, run: Duration) {
        let job = self.take(key);
        let wait = job.last_dispatch.map_or(self.moment, |last| last.at).since(job.accepted);
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
            Ending::TimedOut => stats.timed_out += 1,
            Ending::Lost(_) => stats.lost += 1,
            Ending::Rejected(rejection) => {
                stats.rejected += 1;
                stats.rejections.count(rejection);
            }
        }
        self.actions.push_back(Action::Told { client, call, outcome });
    }

    /// A caller's patience is over.
    pub(super) fn deadline(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else { return };
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
        let Some(job) = self.jobs.get(key) else { return };
        let pool = &self.pools[job.pool];
        if pool.knowledge == Knowledge::Known {
            return;
        }
        let rejection = Rejection::NoWorkers { pool: (&*pool.name).into(), offered: self.pools.offered() };
        debug!(job = %job.id, ?rejection, "rejected");
        self.finish(key, Ending::Rejected(rejection), Duration::ZERO);
    }

    /// The exit status of a job's worker was not told in time.
    pub(super) fn exit_stays_unknown(&mut self, key: JobKey) {
        let Some(Place::AwaitsExit { .. }) = self.jobs.get(key).map(|job| &job.place) else { return };
        self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO);
    }

    /// The deadline of a job passed before it could be dispatched.
    pub(super) fn finish_timed_out(&mut self, key: JobKey) {
        debug!(parent: self.jobs[key].span(), "timed out");
        self.count_lateness(self.moment.since(self.jobs[key].deadline));
        self.finish(key, Ending::TimedOut, Duration::ZERO);
    }
}
