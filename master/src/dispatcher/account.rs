//! What is told of single workers and pools to those who ask.

use super::Dispatcher;
use super::keys::PeerKey;
use crate::common::{CurrentJob, PoolStats, WorkerInfo};

impl Dispatcher {
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
            age: self.clock.since(first.dispatched.max(worker.answered)),
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
