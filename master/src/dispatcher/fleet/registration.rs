//! Peers come, and register as workers of pools.

use super::Fleet;
use super::peer::{Client, Role};
use super::worker::{Attention, Occupation, RunTimes, Service, Worker};
use crate::dispatcher::clock::Moment;
use crate::dispatcher::keys::{PeerKey, PoolKey};
use std::time::Instant;

/// What a peer wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerRole {
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

/// Whether a worker had registered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dispatcher) enum Registered {
    Anew,
    /// It offers these pools no longer.
    Again {
        left: Vec<PoolKey>,
    },
}

impl Fleet {
    /// Whether there is room for another peer.
    pub(in crate::dispatcher) fn is_full(&self, role: PeerRole) -> bool {
        let full = match role {
            PeerRole::Worker => self.peers.workers >= self.bounds.workers_max,
            PeerRole::Client => self.peers.clients >= self.bounds.clients_max,
        };
        full || self.peers.is_used_up()
    }

    /// A peer joins.
    pub(in crate::dispatcher) fn join(&mut self, role: PeerRole, now: Instant) -> PeerKey {
        let role = match role {
            PeerRole::Worker => Role::Candidate,
            PeerRole::Client => Role::Client(Client::default()),
        };
        self.peers.insert(role, now)
    }

    /// A peer offers to serve these pools, and none that it offered before.
    pub(in crate::dispatcher) fn register(
        &mut self,
        key: PeerKey,
        registration: &Registration<'_>,
        now: Moment,
    ) -> Result<Registered, TooManyPools> {
        let pools_max = self.bounds.pools_max;
        if !self.pools.make_room_for_offers(&registration.offers, pools_max) {
            return Err(TooManyPools { pools_max });
        }
        let before = self.leave_pools(key);
        self.become_worker(key, registration, now);
        for offer in &registration.offers {
            let pool = self.pools.find_or_make(offer.pool, usize::MAX).expect("there is no bound");
            let credit_max = match registration.attention {
                Attention::Always => offer.credit_max,
                // It could not give jobs back while it runs one.
                Attention::BetweenJobs => 1,
            };
            self.pools[pool].is_offered();
            let member = self.pools[pool].members.add(key, credit_max);
            self.peers.worker(key).memberships.push((pool, member));
        }
        self.update_listing(key, now);
        let Some(mut left) = before else { return Ok(Registered::Anew) };
        left.iter().for_each(|pool| self.end_rests(*pool, now));
        let worker = self.peers.worker(key);
        left.retain(|pool| worker.membership(*pool).is_none());
        Ok(Registered::Again { left })
    }

    /// A worker is in no pool any longer; tells in which it was. Nothing if it is no worker yet.
    fn leave_pools(&mut self, key: PeerKey) -> Option<Vec<PoolKey>> {
        let memberships = std::mem::take(&mut self.peers[key].worker_mut()?.memberships);
        let left = memberships.into_iter().map(|(pool, member)| {
            self.pools[pool].members.remove(member);
            pool
        });
        Some(left.collect())
    }

    fn become_worker(&mut self, key: PeerKey, registration: &Registration<'_>, now: Moment) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let labels = registration.labels.iter().map(owned).collect();
        let peer = &mut self.peers[key];
        if let Role::Worker(worker) = &mut peer.role {
            worker.attention = registration.attention;
            worker.labels = labels;
            return;
        }
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
}
