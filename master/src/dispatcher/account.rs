//! What is told of single workers, pools and jobs to those who ask, or who write messages.

use super::job::{Job, JobKey};
use super::moment::Moment;
use super::peer::{Peer, PeerKey};
use super::pool::PoolKey;
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
        self.moment
    }

    /// The jobs that a worker is to get, after [`Action::Give`](super::Action::Give). To be handed back to
    /// [`has_given`](Dispatcher::has_given) for its memory.
    pub(crate) fn take_given(&mut self, worker: PeerKey) -> Vec<JobKey> {
        let worker = self.peers.get_mut(worker).and_then(Peer::worker_mut);
        worker.map(|worker| std::mem::take(&mut worker.batch)).unwrap_or_default()
    }

    /// The worker has got these jobs.
    pub(crate) fn has_given(&mut self, worker: PeerKey, mut given: Vec<JobKey>) {
        given.clear();
        if let Some(worker) = self.peers.get_mut(worker).and_then(Peer::worker_mut) {
            worker.batch = given;
        }
    }

    /// A job that was just given.
    pub(crate) fn job(&self, key: JobKey) -> &Job {
        &self.jobs[key]
    }

    pub(crate) fn pool_name(&self, key: PoolKey) -> &str {
        &self.pools[key].name
    }

    /// The registered workers whose numbers are greater, in the order of these.
    pub(crate) fn workers_behind(&self, number: u64) -> Vec<PeerKey> {
        let behind = self.peers.registered().filter(|(_, peer, _)| peer.number > number);
        let mut keys: Vec<_> = behind.map(|(key, peer, _)| (peer.number, key)).collect();
        keys.sort_unstable_by_key(|(number, _)| *number);
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The pools whose names come behind this one, in the order of these.
    pub(crate) fn pools_behind(&self, name: &str) -> impl Iterator<Item = PoolStats> + '_ {
        let mut pools: Vec<_> =
            self.pools.iter().map(|(_, pool)| pool).filter(|pool| &*pool.name > name).collect();
        pools.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        pools.into_iter().map(|pool| self.pool_stats(pool))
    }

    /// What is known of a registered worker that runs this software.
    pub(crate) fn worker_info(&self, key: PeerKey, software: &str) -> Option<WorkerInfo> {
        let peer = self.peers.get(key)?;
        let worker = peer.worker()?;
        let current = worker.outstanding.first().map(|first| CurrentJob {
            job: first.id,
            pool: (&*self.pools[first.pool].name).into(),
            age: self.now.saturating_duration_since(first.dispatched.max(worker.answered)),
        });
        Some(WorkerInfo {
            id: peer.number,
            pid: worker.pid,
            host: (&*worker.host).into(),
            instance: (&*worker.instance).into(),
            software: software.into(),
            state: worker.state(),
            pools: worker.memberships.iter().map(|(pool, _)| (&*self.pools[*pool].name).into()).collect(),
            outstanding: worker.outstanding.len(),
            done: worker.done,
            failed: worker.failed,
            current,
            run_last: worker.runs.last,
            run_longest: worker.runs.longest,
            run_sum: worker.runs.sum,
            silence: self.now.saturating_duration_since(peer.last_heard),
            labels: worker.labels.clone(),
        })
    }
}
