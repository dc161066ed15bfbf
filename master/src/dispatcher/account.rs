//! What is told to those who ask: the account of all, and of single workers and pools.

use super::Dispatcher;
use super::choice::Distance;
use super::fleet::{Account, Pool};
use super::keys::{PeerKey, PoolKey};
use crate::common::{CurrentJob, ForgottenPools, PoolStats, Stats, WorkerCounts, WorkerInfo};
use std::time::Instant;

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
    pub(crate) fn unanswered(&self) -> u64 {
        self.unanswered.jobs()
    }

    /// How many had before this time, which may lie some seconds back.
    pub(crate) fn unanswered_before(&self, when: Instant) -> u64 {
        self.unanswered.before(when)
    }

    fn pool_stats(&self, key: PoolKey, pool: &Pool) -> PoolStats {
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

    /// The registered workers whose numbers are greater, in the order of these.
    pub(crate) fn workers_behind(&self, number: u64) -> Vec<PeerKey> {
        let behind = self.fleet.registered().filter(|(_, peer, _)| peer.number > number);
        let mut keys: Vec<_> = behind.map(|(key, peer, _)| (peer.number, key)).collect();
        keys.sort_unstable_by_key(|(number, _)| *number);
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The pools whose names come behind this one, in the order of these.
    pub(crate) fn pools_behind(&self, name: &str) -> impl Iterator<Item = PoolStats> + '_ {
        let mut pools: Vec<_> = self.fleet.pools().filter(|(_, pool)| &*pool.name > name).collect();
        pools.sort_unstable_by(|one, other| one.1.name.cmp(&other.1.name));
        pools.into_iter().map(|(key, pool)| self.pool_stats(key, pool))
    }

    /// What is known of a registered worker that runs this software.
    pub(crate) fn worker_info(&self, key: PeerKey, software: &str) -> Option<WorkerInfo> {
        let peer = self.fleet.get(key)?;
        let worker = peer.worker()?;
        let current = worker.outstanding.first().map(|first| CurrentJob {
            job: first.id,
            pool: (&*self.fleet.pool(first.pool).name).into(),
            age: self.clock.moment().since(first.dispatched.max(worker.answered)),
        });
        Some(WorkerInfo {
            id: peer.number,
            pid: worker.pid,
            host: (&*worker.host).into(),
            instance: (&*worker.instance).into(),
            software: software.into(),
            state: worker.state(),
            pools: worker
                .memberships
                .iter()
                .map(|(pool, _)| (&*self.fleet.pool(*pool).name).into())
                .collect(),
            outstanding: worker.outstanding.len(),
            done: worker.done,
            failed: worker.failed,
            current,
            run_last: worker.runs.last,
            run_longest: worker.runs.longest,
            run_sum: worker.runs.sum,
            silence: self.clock.since(peer.last_heard),
            labels: worker.labels.clone(),
        })
    }
}
