//! What is counted at the end of a job, and the account of it for those who ask.

use super::Dispatcher;
use super::choice::Distance;
use super::fleet::{Account, Pool};
use super::keys::PoolKey;
use super::queue::Job;
use crate::common::{Ending, ForgottenPools, PoolStats, Stats, Unanswered, WorkerCounts};
use std::time::Duration;
use tracing::trace;

impl Dispatcher {
    /// What was counted so far, and what is held now. What is counted of messages is none of it.
    pub(crate) fn stats(&self) -> Stats {
        let mut workers = WorkerCounts::default();
        self.fleet.registered().for_each(|(_, _, worker)| workers.add(worker.state()));
        let mut pools: Vec<PoolStats> =
            self.fleet.pools().map(|(key, pool)| self.pool_stats(key, pool)).collect();
        pools.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Stats {
            uptime: self.clock.uptime(),
            accepting: self.lifecycle.is_open(),
            clients: self.fleet.clients(),
            workers,
            in_flight: self.queue.len(),
            waiting: self.queue.waiting(),
            waiting_bytes: self.queue.waiting_bytes(),
            oldest_waiting: pools.iter().filter_map(|pool| pool.oldest_waiting).max(),
            pools,
            forgotten: self.forgotten(),
            ..self.stats.clone()
        }
    }

    fn forgotten(&self) -> ForgottenPools {
        let Account { ends, times } = self.fleet.forgotten().clone();
        ForgottenPools { ends, times }
    }

    /// How many jobs have ended without a reply although somebody waited for it; asked for also when nothing else can be
    /// relied upon.
    pub(crate) fn unanswered(&self) -> Unanswered {
        self.unanswered.clone()
    }

    pub(super) fn pool_stats(&self, key: PoolKey, pool: &Pool) -> PoolStats {
        let mut workers = WorkerCounts::default();
        for worker in pool.members.workers() {
            if let Some(worker) = self.fleet.worker(worker) {
                workers.add(worker.state());
            }
        }
        PoolStats {
            name: (&*pool.name).into(),
            known: pool.is_known(),
            workers,
            waiting: self.queue.waiting_in(key),
            oldest_waiting: self.queue.oldest_in(key).map(|accepted| self.clock.moment().since(accepted)),
            running: pool.dispatched,
            credit: pool.credit(Distance::NEAR),
            ends: pool.account.ends.clone(),
            times: pool.account.times.clone(),
        }
    }

    /// A job has ended: its pool remembers how, and how long it took.
    pub(super) fn count_end(&mut self, job: &Job, ending: &Ending, wait: Duration, run: Duration) {
        let total = self.clock.moment().since(job.accepted);
        trace!(parent: job.span(), end = ending.word(), ?wait, ?run, ?total, "ended");
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
        times.total.record(total);
        if matches!(ending, Ending::Done { .. } | Ending::Failed { .. }) {
            times.run.record(run);
            times.overhead.record(total.saturating_sub(run));
        }
    }

    /// A deadline is acted upon so long after it.
    pub(super) fn count_lateness(&mut self, late: Duration) {
        self.stats.lateness.record(late);
    }

    /// A job ended that nobody waits for.
    pub(super) fn count_cancelled(&mut self, job: &Job) {
        self.stats.cancelled += 1;
        self.fleet.account_of(job.pool).ends.cancelled += 1;
    }
}
