//! What workers have not answered: jobs are given, recalled, no longer wanted, answered. And, which follows from it, who may be
//! given another: each worker stands in its pools by the number of jobs it has, or not at all. A pool that changed is looked
//! at again.

use super::Fleet;
use super::pool::Pool;
use super::worker::{Attention, Occupation, Outstanding, Service, Waiter, Worker};
use crate::dispatcher::choice::Listing;
use crate::dispatcher::clock::Moment;
use crate::dispatcher::event::Attempt;
use crate::dispatcher::keys::{JobKey, PeerKey, PoolKey};
use powerhose_protocol::{JobId, WorkerEnd};
use std::time::Duration;

/// What a job that was given means for the message to its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatcher) enum Batch {
    /// It is the first: a message is to be sent.
    Begun,
    /// It goes with others.
    Joined,
}

/// Where an answered job stood among those of its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatcher) enum Stands {
    First,
    /// Behind one that is not answered.
    Behind,
}

/// Whether a worker had a job before that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatcher) enum Wanted {
    /// All that it had was wanted.
    UntilNow,
    NotAll,
}

impl Fleet {
    /// A worker is given a job.
    pub(in crate::dispatcher) fn give(
        &mut self,
        key: PeerKey,
        job: JobKey,
        entry: Outstanding,
        now: Moment,
    ) -> Batch {
        self.given += 1;
        let pool = &mut self.pools[entry.pool];
        pool.served = self.given;
        pool.dispatched += 1;
        let worker = self.peers.worker(key);
        worker.outstanding_bytes += entry.bytes;
        worker.outstanding.push(entry);
        let batch = if worker.batch.is_empty() { Batch::Begun } else { Batch::Joined };
        worker.batch.push(job);
        // That lets no pool give out what it could not give out before.
        self.list(key, now);
        batch
    }

    /// The jobs that a worker is to get in a message. To be handed back to [`has_given`](Fleet::has_given) for its memory.
    pub(in crate::dispatcher) fn take_given(&mut self, key: PeerKey) -> Vec<JobKey> {
        let worker = self.peers.get_mut(key).and_then(super::Peer::worker_mut);
        worker.map(|worker| std::mem::take(&mut worker.batch)).unwrap_or_default()
    }

    /// The worker has got these jobs.
    pub(in crate::dispatcher) fn has_given(&mut self, key: PeerKey, mut given: Vec<JobKey>) {
        given.clear();
        if let Some(worker) = self.peers.get_mut(key).and_then(super::Peer::worker_mut) {
            worker.batch = given;
        }
    }

    /// The jobs, of one pool or all, that a worker is to give back unless it has begun them, the last ones first. None if
    /// it could not hear of it.
    pub(in crate::dispatcher) fn recall(
        &mut self,
        key: PeerKey,
        pool: Option<PoolKey>,
        jobs_max: usize,
    ) -> Vec<Attempt> {
        let Some(worker) = self.peers[key].worker_mut() else { return Vec::new() };
        if worker.attention == Attention::BetweenJobs {
            return Vec::new();
        }
        let behind = worker.outstanding.iter_mut().skip(1).rev();
        let mut jobs = Vec::new();
        for entry in behind.filter(|entry| pool.is_none_or(|pool| pool == entry.pool)).take(jobs_max) {
            if let Waiter::Caller(job) = entry.waiter {
                entry.waiter = Waiter::Recalled(job);
                jobs.push(Attempt { job: entry.id, attempt: entry.attempt });
            }
        }
        jobs
    }

    /// Nobody waits any longer for what a worker makes of a job: it is overdue until it answers.
    pub(in crate::dispatcher) fn unwant(&mut self, key: PeerKey, job: JobId, attempt: u32) -> Wanted {
        let worker = self.peers.worker(key);
        let place =
            worker.find(job, u64::from(attempt)).expect("a dispatched job is outstanding at its worker");
        let before = if worker.is_overdue() { Wanted::NotAll } else { Wanted::UntilNow };
        worker.outstanding[place].waiter = Waiter::Nobody;
        before
    }

    /// A worker answers an attempt of a job, which it may have run to its end, in so much time. What it had of it is taken
    /// out, unless it has no such job.
    pub(in crate::dispatcher) fn answer(
        &mut self,
        key: PeerKey,
        (job, attempt): (JobId, u64),
        (end, ran): (WorkerEnd, Option<Duration>),
        now: Moment,
    ) -> Option<(Outstanding, Stands)> {
        let worker = self.peers.worker(key);
        let place = worker.find(job, attempt)?;
        let stands = if place == 0 { Stands::First } else { Stands::Behind };
        let answered = worker.outstanding.remove(place);
        // If it has answered nothing since it was given this job, it had nothing else to do.
        let went_straight = stands == Stands::First && worker.answered <= answered.dispatched;
        worker.outstanding_bytes -= answered.bytes;
        worker.answered = now;
        let recalled = matches!(answered.waiter, Waiter::Recalled(_));
        match stands {
            Stands::First => worker.occupation = Occupation::None,
            Stands::Behind if end == WorkerEnd::Returned && !recalled => {
                worker.occupation = Occupation::LongRun;
            }
            Stands::Behind => {}
        }
        let pool = &mut self.pools[answered.pool];
        pool.dispatched -= 1;
        if went_straight && let Some(run) = ran {
            // What went by since the job was given, less its run, was the way.
            let round_trip = now.since(answered.dispatched).saturating_sub(run);
            if let Some(member) = worker.membership(answered.pool) {
                pool.members.record_round_trip(member, round_trip);
            }
        }
        Some((answered, stands))
    }

    /// A worker that is gone is in no pool any longer, nor is anything at it.
    pub(in crate::dispatcher) fn forget_worker(&mut self, worker: &Worker) {
        for (pool, member) in &worker.memberships {
            self.pools[*pool].members.remove(*member);
        }
        for entry in &worker.outstanding {
            self.pools[entry.pool].dispatched -= 1;
        }
    }

    /// The pools of a worker that is gone have one worker fewer. They may have been forgotten since.
    pub(in crate::dispatcher) fn has_lost(&mut self, worker: &Worker, now: Moment) {
        for (pool, _) in &worker.memberships {
            if self.pools.get_mut(*pool).is_some() {
                self.end_rests(*pool, now);
                self.pool_changed(*pool);
            }
        }
    }

    /// The pool's queue or its workers changed: look at it before the next message goes out.
    pub(in crate::dispatcher) fn pool_changed(&mut self, key: PoolKey) {
        note_change(&mut self.changed, &mut self.pools[key], key);
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

    /// Something about a worker changed: puts it where its state says, and looks at its pools again if it may be given
    /// a job.
    pub(in crate::dispatcher) fn update_listing(&mut self, key: PeerKey, now: Moment) {
        if let Listing::Listed = self.list(key, now) {
            for (pool, _) in &self.peers.worker(key).memberships {
                note_change(&mut self.changed, &mut self.pools[*pool], *pool);
            }
        }
    }

    /// Puts a worker where its state says: among those that may be given a job, by the number of jobs it has, or not.
    fn list(&mut self, key: PeerKey, now: Moment) -> Listing {
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
        let alone = worker.is_reserved();
        let overdue = worker.is_overdue();
        let occupied = worker.occupation == Occupation::LongRun;
        let listed = serves && has_room && !alone && !suspected && !overdue && !occupied;
        let listing = if listed { Listing::Listed } else { Listing::Unlisted };
        for (pool, member) in &worker.memberships {
            self.pools[*pool].members.stand(*member, level, listing);
        }
        listing
    }
}

fn note_change(changed: &mut Vec<PoolKey>, pool: &mut Pool, key: PoolKey) {
    if !pool.changed {
        pool.changed = true;
        changed.push(key);
    }
}
