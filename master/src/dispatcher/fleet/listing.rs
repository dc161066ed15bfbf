//! Who may be given a job: each worker stands in its pools by the number of jobs it has, or not at all. A pool that
//! changed is looked at again.

use super::Fleet;
use super::worker::{Occupation, Service};
use crate::dispatcher::company::Company;
use crate::dispatcher::keys::{PeerKey, PoolKey};
use std::time::Instant;

/// Whether a worker may be given a job.
enum Listing {
    Listed,
    Unlisted,
}

impl Fleet {
    /// The pool's queue or its workers changed: look at it before the next message goes out.
    pub(in crate::dispatcher) fn pool_changed(&mut self, key: PoolKey) {
        let pool = &mut self.pools[key];
        if !pool.changed {
            pool.changed = true;
            self.changed.push(key);
        }
    }

    /// The pool to be looked at next, and its place among those that are to be: of several the one that was longest not
    /// given a worker. It may have been forgotten since it changed.
    pub(in crate::dispatcher) fn next_changed(&self) -> Option<(usize, PoolKey)> {
        let place = match self.changed.len() {
            0 => return None,
            1 => 0,
            count => (0..count).min_by_key(|place| {
                let pool = self.changed[*place];
                self.pools.get(pool).map_or(0, |pool| pool.served)
            })?,
        };
        Some((place, self.changed[place]))
    }

    /// Nothing more is to be done for the pool at this place; tells whether it is there.
    pub(in crate::dispatcher) fn looked_at(&mut self, place: usize) -> Option<PoolKey> {
        let key = self.changed.swap_remove(place);
        self.pools.get_mut(key)?.changed = false;
        Some(key)
    }

    /// The worker of a pool best placed to get a job, if one may have another.
    pub(in crate::dispatcher) fn best_worker(&self, pool: PoolKey, company: Company) -> Option<PeerKey> {
        self.pools[pool].best_worker(company)
    }

    /// Something about a worker changed: puts it where its state says, and looks at its pools again if it may be given
    /// a job.
    pub(in crate::dispatcher) fn update_listing(&mut self, key: PeerKey, now: Instant) {
        if let Listing::Listed = self.list(key, now) {
            for place in 0..self.peers.worker(key).memberships.len() {
                let (pool, _) = self.peers.worker(key).memberships[place];
                self.pool_changed(pool);
            }
        }
    }

    /// A worker has one job more. That lets no pool give out what it could not give out before.
    pub(super) fn list_with_more(&mut self, key: PeerKey, now: Instant) {
        self.list(key, now);
    }

    /// Puts a worker where its state says: among those that may be given a job, by the number of jobs it has, or not.
    fn list(&mut self, key: PeerKey, now: Instant) -> Listing {
        let suspected = self.peers[key].suspicion.is_some();
        let bytes_max = self.bounds.batch_bytes_max;
        let Some(worker) = self.peers[key].worker_mut() else { return Listing::Unlisted };
        let level = worker.outstanding.len() as u32;
        let serves = match worker.service {
            Service::On => true,
            Service::Resting { until } => level == 0 && until <= now,
            Service::Quiet => false,
        };
        let has_room = worker.outstanding_bytes < bytes_max || worker.outstanding.is_empty();
        let alone = worker.outstanding.iter().any(|entry| entry.company == Company::None);
        let overdue = worker.is_overdue();
        let occupied = worker.occupation == Occupation::LongRun;
        let listed = serves && has_room && !alone && !suspected && !overdue && !occupied;
        for place in 0..worker.memberships.len() {
            let (pool, member) = self.peers.worker(key).memberships[place];
            self.pools[pool].members.count_jobs(member, level);
            if listed {
                self.pools[pool].members.list(member, level);
            } else {
                self.pools[pool].members.unlist(member);
            }
        }
        if listed { Listing::Listed } else { Listing::Unlisted }
    }
}
