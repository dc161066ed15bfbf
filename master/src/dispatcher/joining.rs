//! Peers come, register as workers, change their minds, and leave off taking jobs.

use super::peer::{Client, Peer, PeerKey, Role};
use super::pool::{Knowledge, PoolKey};
use super::worker::{Attention, Occupation, RunTimes, Service, Worker};
use super::{Action, Dispatcher};
use crate::common::Notice;
use powerhose_protocol::PEER_MAX;
use tracing::info;

/// What a peer wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerRole {
    Worker,
    Client,
}

/// What a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A worker that has not registered yet, or nobody any longer.
    Candidate,
    Worker,
    Client,
}

/// Why nobody can join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoEntry {
    Full,
    Closing,
}

/// A worker's offers name more pools than the master keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyPools {
    pub(crate) pools_max: usize,
}

/// What a worker says of itself.
#[derive(Debug)]
pub(crate) struct Registration<'a> {
    pub(crate) pid: u32,
    pub(crate) host: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) labels: Vec<(&'a str, &'a str)>,
    pub(crate) attention: Attention,
    pub(crate) offers: Vec<Offer<'a>>,
}

/// A pool that a worker serves, and how many of its jobs it takes at once.
#[derive(Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) pool: &'a str,
    pub(crate) credit_max: u32,
}

/// Which workers an order is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection<'a> {
    All,
    Pool(&'a str),
    Number(u64),
}

impl Dispatcher {
    /// A peer joins, if there is room for another.
    pub(crate) fn join(&mut self, role: PeerRole) -> Result<PeerKey, NoEntry> {
        let full = match role {
            PeerRole::Worker => self.peers.workers >= self.settings.workers_max,
            PeerRole::Client => self.peers.clients >= self.settings.clients_max,
        };
        if full || self.last_peer == PEER_MAX {
            return Err(NoEntry::Full);
        }
        if !self.lifecycle.is_open() {
            return Err(NoEntry::Closing);
        }
        self.last_peer += 1;
        let number = self.last_peer;
        let role = match role {
            PeerRole::Worker => Role::Candidate,
            PeerRole::Client => {
                self.actions.push_back(Action::Notify(Notice::ClientConnected { client: number }));
                Role::Client(Client::default())
            }
        };
        Ok(self.peers.insert(Peer { number, last_heard: self.now, suspicion: None, role }))
    }

    /// A peer lives: something came from it.
    pub(crate) fn heard(&mut self, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.last_heard = self.now;
        }
    }

    pub(crate) fn standing(&self, key: PeerKey) -> Standing {
        match self.peers.get(key).map(|peer| &peer.role) {
            Some(Role::Worker(_)) => Standing::Worker,
            Some(Role::Client(_)) => Standing::Client,
            Some(Role::Candidate) | None => Standing::Candidate,
        }
    }

    /// A worker's id, or the high bits of the ids of a client's jobs; 0 is nobody's.
    pub(crate) fn number(&self, key: PeerKey) -> u64 {
        self.peers.get(key).map_or(0, |peer| peer.number)
    }

    /// How many peers there are.
    pub(crate) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// A peer offers to serve these pools, and none that it offered before.
    pub(crate) fn register(
        &mut self,
        key: PeerKey,
        registration: &Registration<'_>,
    ) -> Result<(), TooManyPools> {
        let new = registration.offers.iter().filter(|offer| self.pools.find(offer.pool).is_none()).count();
        if self.pools.len() + new > self.settings.pools_max {
            return Err(TooManyPools { pools_max: self.settings.pools_max });
        }
        let left = self.leave_pools(key);
        self.become_worker(key, registration);
        for offer in &registration.offers {
            let pool = self.pools.find_or_make(offer.pool, usize::MAX).expect("there is no bound");
            let credit_max = match registration.attention {
                Attention::Always => offer.credit_max,
                // It could not give jobs back while it runs one.
                Attention::BetweenJobs => 1,
            };
            self.pools[pool].knowledge = Knowledge::Known;
            let member = self.pools[pool].members.add(key, credit_max);
            self.peers.worker(key).memberships.push((pool, member));
        }
        self.announce(key, registration);
        self.update_listing(key);
        left.into_iter().for_each(|pool| self.end_rests(pool));
        Ok(())
    }

    fn leave_pools(&mut self, key: PeerKey) -> Vec<PoolKey> {
        let memberships = self.peers[key].worker_mut().map(|worker| std::mem::take(&mut worker.memberships));
        let left = memberships.unwrap_or_default().into_iter().map(|(pool, member)| {
            self.pools[pool].members.remove(member);
            pool
        });
        left.collect()
    }

    fn become_worker(&mut self, key: PeerKey, registration: &Registration<'_>) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let labels = registration.labels.iter().map(owned).collect();
        let now = self.now;
        let peer = &mut self.peers[key];
        if let Role::Worker(worker) = &mut peer.role {
            worker.attention = registration.attention;
            worker.labels = labels;
            return;
        }
        self.stats.workers_registered += 1;
        peer.role = Role::Worker(Box::new(Worker {
            pid: registration.pid,
            host: registration.host.into(),
            instance: registration.instance.into(),
            labels,
            attention: registration.attention,
            memberships: Vec::new(),
            outstanding: Vec::new(),
            outstanding_bytes: 0,
            batch: Vec::new(),
            service: Service::On,
            occupation: Occupation::None,
            overruns: 0,
            done: 0,
            failed: 0,
            answered: now,
            runs: RunTimes::default(),
        }));
    }

    fn announce(&mut self, key: PeerKey, registration: &Registration<'_>) {
        let (worker, pid) = (self.peers[key].number, registration.pid);
        let pools: Vec<String> = registration.offers.iter().map(|offer| offer.pool.to_owned()).collect();
        info!(worker, pid, host = registration.host, pools = pools.join(","), "worker registered");
        self.actions.push_back(Action::Notify(Notice::WorkerRegistered { worker, pid, pools }));
    }

    /// Whether the settings say how many jobs a worker of this pool is given at once.
    pub(crate) fn has_fixed_credit(&self, pool: &str) -> bool {
        self.pools.find(pool).is_some_and(|pool| self.pools[pool].settings.credit.is_some())
    }

    /// A worker gets no new jobs any longer, and those it has not begun go to others.
    pub(crate) fn quiet(&mut self, key: PeerKey) {
        let Some(worker) = self.peers.get_mut(key).and_then(Peer::worker_mut) else { return };
        worker.service = Service::Quiet;
        let pools: Vec<PoolKey> = worker.memberships.iter().map(|(pool, _)| *pool).collect();
        self.update_listing(key);
        pools.into_iter().for_each(|pool| self.end_rests(pool));
        self.recall(key, None, usize::MAX);
    }

    /// A quiet worker gets jobs again.
    pub(crate) fn resume(&mut self, key: PeerKey) {
        let Some(worker) = self.peers.get_mut(key).and_then(Peer::worker_mut) else { return };
        worker.service = Service::On;
        self.update_listing(key);
    }

    /// The registered workers that are selected.
    pub(crate) fn select(&self, selection: Selection<'_>) -> Vec<PeerKey> {
        let pool = match selection {
            Selection::Pool(name) => self.pools.find(name),
            Selection::All | Selection::Number(_) => None,
        };
        let is_selected = |peer: &Peer, worker: &Worker| match selection {
            Selection::All => true,
            Selection::Number(number) => peer.number == number,
            Selection::Pool(_) => worker.memberships.iter().any(|(offered, _)| Some(*offered) == pool),
        };
        let workers = self.peers.registered().filter(|(_, peer, worker)| is_selected(peer, worker));
        workers.map(|(key, ..)| key).collect()
    }

    /// How many jobs a registered worker has not answered.
    pub(crate) fn outstanding(&self, key: PeerKey) -> Option<usize> {
        self.peers.get(key).and_then(Peer::worker).map(|worker| worker.outstanding.len())
    }
}
