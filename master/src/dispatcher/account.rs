//! What is told of single workers, pools and jobs to those who ask, or who write messages.

use super::clock::Moment;
use super::keys::{JobKey, PeerKey, PoolKey};
use super::queue::Job;
use super::{Dispatcher, Identity};
use crate::common::{CurrentJob, PoolStats, Settings, WorkerInfo};

impl Dispatcher {
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The latest time that was handed in.
    pub(crate) fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// The jobs that a worker is to get, after [`Action::Give`](super::Action::Give). To be handed back to
    /// [`has_given`](Dispatcher::has_given) for its memory.
    pub(crate) fn take_given(&mut self, worker: PeerKey) -> Vec<JobKey> {
        self.fleet.take_given(worker)
    }

    /// The worker has got these jobs.
    pub(crate) fn has_given(&mut self, worker: PeerKey, given: Vec<JobKey>) {
        self.fleet.has_given(worker, given);
    }

    /// A job that was just given.
    pub(crate) fn job(&self, key: JobKey) -> &Job {
        &self.queue[key]
    }

    pub(crate) fn pool_name(&self, key: PoolKey) -> &str {
        &self.fleet.pool(key).name
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
