//! What is counted at the end of a job, and the account of it for those who ask.

use super::choice::Distance;
use super::job::Job;
use super::pool::Pool;
use super::{Dispatcher, PeerKey};
use crate::common::{Ending, PoolStats, Stats, WorkerCounts};
use std::time::{Duration, Instant};
use tracing::trace;

impl Dispatcher {
    /// What was counted so far, and what is held now. What is counted of messages is none of it.
    pub(crate) fn stats(&self) -> Stats {
        let mut workers = WorkerCounts::default();
        self.peers.registered().for_each(|(_, _, worker)| workers.add(worker.state()));
        let mut pools: Vec<PoolStats> = self.pools.iter().map(|(_, pool)| self.pool_stats(pool)).collect();
        pools.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Stats {
            uptime: self.now.saturating_duration_since(self.started),
            accepting: self.lifecycle.is_open(),
            clients: self.peers.clients,
            workers,
            in_flight: self.jobs.len(),
            waiting: self.waiting_jobs,
            waiting_bytes: self.waiting_bytes,
            oldest_waiting: pools.iter().filter_map(|pool| pool.oldest_waiting).max(),
            pools,
            ..self.stats.clone()
        }
    }

    /// How many jobs were lost so far; asked for also when nothing else can be relied upon.
    pub(crate) fn jobs_lost(&self) -> u64 {
        self.stats.lost
    }

    pub(super) fn pool_stats(&self, pool: &Pool) -> PoolStats {
        let mut workers = WorkerCounts::default();
        for key in pool.members.workers() {
            if let Some(worker) = self.peers[key].worker() {
                workers.add(worker.state());
            }
        }
        PoolStats {
            name: (&*pool.name).into(),
            known: pool.is_known(),
            workers,
            waiting: pool.waiting.len(),
            oldest_waiting: pool.waiting.oldest(&self.jobs).map(|accepted| self.moment.since(accepted)),
            running: pool.dispatched,
            credit: pool.credit(Distance::NEAR),
            ends: pool.ends.clone(),
            times: pool.times.clone(),
        }
    }

    fn age(&self, since: Instant) -> Duration {
        self.now.saturating_duration_since(since)
    }

    /// A job has ended: its pool remembers how, and how long it took.
    pub(super) fn count_end(&mut self, job: &Job, ending: &Ending, wait: Duration, run: Duration) {
        let total = self.moment.since(job.accepted);
        trace!(parent: job.span(), end = ending.word(), ?wait, ?run, ?total, "ended");
        // A pool that nobody offered is forgotten with its last job.
        let Some(Pool { ends, times, .. }) = self.pools.get_mut(job.pool) else { return };
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

    /// Counts a heartbeat as missed at the end of every interval in which a peer has been silent for two.
    pub(super) fn count_missed_heartbeat(&mut self, key: PeerKey) {
        if self.age(self.peers[key].last_heard) >= self.settings.heartbeat_interval * 2 {
            self.stats.heartbeats_missed += 1;
        }
    }
}
