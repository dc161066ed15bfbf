//! Who there is: the peers, the pools that workers serve, and who of them may be given a job.
//!
//! Whatever changes in a worker or a pool is changed here. What follows from it for jobs, timers, the log and those who
//! listen is the dispatcher's.

mod outstanding;
mod peer;
mod pool;
mod registration;
mod rests;
mod stock;
mod worker;

pub(super) use outstanding::{Batch, Stands, Wanted};
pub(super) use peer::{Peer, Role, Suspicion};
pub(super) use pool::{Account, Pool};
pub(super) use registration::Registered;
pub(crate) use registration::{NoEntry, Offer, PeerRole, Registration, TooManyPools};
pub(super) use rests::Bearing;
pub(super) use stock::Balancing;
pub(crate) use worker::Attention;
pub(super) use worker::{Outstanding, Service, Waiter, Worker};

use super::clock::Moment;
use super::keys::{JobKey, PeerKey, PoolKey};
use crate::common::{PoolSettings, Settings};
use peer::Peers;
use pool::Pools;
use std::time::{Duration, Instant};

/// How long a pool that nobody declared is kept without workers and jobs.
const POOL_IDLE_MAX: Duration = Duration::from_secs(10 * 60);

/// All peers and pools.
pub(super) struct Fleet {
    peers: Peers,
    pools: Pools,
    /// Pools whose queue and workers are to be looked at.
    changed: Vec<PoolKey>,
    /// How many jobs were given, for pools that take turns.
    given: u64,
    bounds: Bounds,
}

/// How many there may be, and how much a worker may have.
struct Bounds {
    workers_max: usize,
    clients_max: usize,
    pools_max: usize,
    batch_bytes_max: usize,
}

impl Fleet {
    /// Nobody but the callers in this process; the pools that the settings declare.
    pub(super) fn new(settings: &Settings, now: Instant) -> Fleet {
        let mut pools = Pools::default();
        for (name, pool_settings) in &settings.pools {
            pools.declare(name, pool_settings.clone());
        }
        let bounds = Bounds {
            workers_max: settings.workers_max,
            clients_max: settings.clients_max,
            pools_max: settings.pools_max,
            batch_bytes_max: settings.batch_bytes_max,
        };
        Fleet { peers: Peers::new(now), pools, changed: Vec::new(), given: 0, bounds }
    }

    /// The callers in the master's own process, as a client that is always there.
    pub(super) fn here(&self) -> PeerKey {
        self.peers.here
    }

    /// How many peers there are, without the callers in the master's own process.
    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    /// How many workers have a session, registered or not.
    pub(super) fn workers(&self) -> usize {
        self.peers.workers
    }

    /// How many clients have a session.
    pub(super) fn clients(&self) -> usize {
        self.peers.clients
    }

    pub(super) fn get(&self, key: PeerKey) -> Option<&Peer> {
        self.peers.get(key)
    }

    /// A peer's number; 0 is nobody's.
    pub(super) fn number(&self, key: PeerKey) -> u64 {
        self.peers.get(key).map_or(0, |peer| peer.number)
    }

    /// Every peer's key but that of the callers in this process, in the order of the table.
    pub(super) fn keys(&self) -> Vec<PeerKey> {
        self.peers.keys()
    }

    /// A registered worker.
    pub(super) fn worker(&self, key: PeerKey) -> Option<&Worker> {
        self.peers.get(key).and_then(Peer::worker)
    }

    /// Every registered worker, in the order of the table.
    pub(super) fn registered(&self) -> impl Iterator<Item = (PeerKey, &Peer, &Worker)> {
        self.peers.registered()
    }

    /// The registered worker that is this process of this host.
    pub(super) fn worker_of_process(&self, pid: u32, host: &str) -> Option<PeerKey> {
        let mut workers = self.peers.registered();
        workers.find(|(_, _, worker)| worker.pid == pid && *worker.host == *host).map(|(key, ..)| key)
    }

    /// A peer lives: something came from it.
    pub(super) fn heard(&mut self, key: PeerKey, now: Instant) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.last_heard = now;
        }
    }

    /// We did not listen for so long.
    pub(super) fn forgive(&mut self, key: PeerKey, away: Duration, now: Instant) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.last_heard = now.min(peer.last_heard + away);
        }
    }

    /// A peer is gone. Its pools still count a worker among theirs.
    pub(super) fn remove(&mut self, key: PeerKey) -> Option<Peer> {
        self.peers.remove(key)
    }

    /// A peer may be gone: it gets no new job. What was suspected of it before is returned.
    pub(super) fn suspect(&mut self, key: PeerKey, suspicion: Suspicion, now: Moment) -> Option<Suspicion> {
        let before = self.peers.get_mut(key)?.suspicion.replace(suspicion);
        if before.is_none() {
            self.update_listing(key, now);
        }
        before
    }

    /// A peer is there after all.
    pub(super) fn trust(&mut self, key: PeerKey, now: Moment) -> Option<Suspicion> {
        let suspicion = self.peers.get_mut(key)?.suspicion.take()?;
        self.update_listing(key, now);
        Some(suspicion)
    }

    /// The job of a client's call that has not ended.
    pub(super) fn call(&self, client: PeerKey, call: u64) -> Option<JobKey> {
        self.peers.get(client)?.client()?.jobs.get(call).copied()
    }

    /// A client's call has become a job.
    pub(super) fn add_call(&mut self, client: PeerKey, call: u64, job: JobKey) {
        if let Some(client) = self.peers.get_mut(client).and_then(Peer::client_mut) {
            client.jobs.insert(call, job);
        }
    }

    /// The job of a client's call has ended. The client may be gone.
    pub(super) fn remove_call(&mut self, client: PeerKey, call: u64) {
        if let Some(client) = self.peers.get_mut(client).and_then(Peer::client_mut) {
            client.jobs.remove(call);
        }
    }

    /// The pool of this name.
    pub(super) fn find_pool(&self, name: &str) -> Option<PoolKey> {
        self.pools.find(name)
    }

    /// The pool that a job names.
    pub(super) fn find_pool_again(&mut self, name: &str) -> Option<PoolKey> {
        self.pools.find_again(name)
    }

    /// The pool of this name, which is made if there is none.
    ///
    /// # Errors
    /// There are as many pools as there may be.
    pub(super) fn find_or_make_pool(&mut self, name: &str) -> Result<PoolKey, TooManyPools> {
        let pools_max = self.bounds.pools_max;
        self.pools.find_or_make(name, pools_max).ok_or(TooManyPools { pools_max })
    }

    pub(super) fn pool(&self, key: PoolKey) -> &Pool {
        &self.pools[key]
    }

    /// In the order in which they were made.
    pub(super) fn pools(&self) -> impl Iterator<Item = (PoolKey, &Pool)> {
        self.pools.iter()
    }

    /// How long it takes at least until a job of a pool begins before which so many wait. Nothing as long as too little is
    /// known, or nobody serves the pool.
    pub(super) fn until_begun(&self, pool: PoolKey, waiting: usize) -> Option<Duration> {
        let pool = &self.pools[pool];
        pool.pace.until_begun(waiting + pool.dispatched, pool.members.len())
    }

    /// Whether the waiting jobs of a pool are to be judged now: its pace is known, and they were not judged a moment ago.
    pub(super) fn is_to_be_judged(&mut self, pool: PoolKey, now: Moment, every: Duration) -> bool {
        let pool = &mut self.pools[pool];
        let rested = pool.judged.is_none_or(|judged| now.since(judged) >= every);
        let due = pool.pace.is_known() && rested;
        if due {
            pool.judged = Some(now);
        }
        due
    }

    /// How many pools there are.
    pub(super) fn pool_count(&self) -> usize {
        self.pools.len()
    }

    /// What is counted of a pool's jobs; of one that was forgotten with the last of them, that of all forgotten ones.
    pub(super) fn account_of(&mut self, key: PoolKey) -> &mut Account {
        self.pools.account_of(key)
    }

    /// What was counted of pools that were forgotten.
    pub(super) fn forgotten(&self) -> &Account {
        &self.pools.forgotten
    }

    /// A job of a pool has come in.
    pub(super) fn add_job(&mut self, pool: PoolKey) {
        self.pools[pool].add_job();
    }

    /// A job of a pool has ended. A pool that was only asked for goes with the last one.
    pub(super) fn job_ended(&mut self, pool: PoolKey) {
        self.pools.job_ended(pool);
    }

    /// Forgets the pools that were offered once and have been idle for long.
    pub(super) fn forget_idle_pools(&mut self, now: Instant) {
        self.pools.forget_idle(now, POOL_IDLE_MAX);
    }

    /// We were away ourselves: how long pools have been idle counts anew.
    pub(super) fn forgive_idle_pools(&mut self) {
        self.pools.forgive_idleness();
    }

    /// What the settings say of a pool.
    pub(super) fn pool_settings(&self, name: &str) -> Option<&PoolSettings> {
        self.pools.find(name).map(|pool| &self.pools[pool].settings)
    }

    /// The names of the pools that workers offer now, joined by `, `; if there are very many, the first of them.
    pub(super) fn offered(&self) -> Box<str> {
        self.pools.offered()
    }
}
