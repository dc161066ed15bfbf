//! Jobs and workers come together: the least loaded worker gets the job whose turn it is.

use super::credit::STOCK_WAIT;
use crate::dispatcher::event::Attempt;
use crate::dispatcher::job::{JobKey, LastDispatch, Place};
use crate::dispatcher::peer::PeerKey;
use crate::dispatcher::pool::PoolKey;
use crate::dispatcher::worker::{Attention, Company, Occupation, Outstanding, Service, Waiter};
use crate::dispatcher::{Action, Dispatcher, Timer};
use std::num::NonZeroU64;
use std::time::Duration;
use tracing::{debug, trace};

/// How long a job may wait behind another while a worker of its pool is free, before it is recalled. No shorter than its
/// worker waits before it gives it back by itself: then a recall serves those that do not, and pools whose credit is fixed.
const BALANCE_AFTER: Duration = STOCK_WAIT;

/// What a look at a pool showed.
enum Look {
    /// A job left its queue, and another waits.
    Further,
    /// Nothing waits, or no worker takes it.
    Over,
}

/// Whether a worker may be given a job.
enum Listing {
    Listed,
    Unlisted,
}

impl Dispatcher {
    /// The pool's queue or its workers changed: look at it before the next message goes out.
    pub(crate) fn pool_changed(&mut self, pool: PoolKey) {
        let entry = &mut self.pools[pool];
        if !entry.changed {
            entry.changed = true;
            self.changed_pools.push(pool);
        }
    }

    /// Gives out jobs until nothing more fits. Pools that share workers take turns.
    pub(crate) fn assign(&mut self) {
        while let Some(place) = self.next_changed() {
            let pool = self.changed_pools[place];
            if let Look::Further = self.assign_one(pool) {
                continue;
            }
            self.changed_pools.swap_remove(place);
            if let Some(entry) = self.pools.get_mut(pool) {
                entry.changed = false;
                self.plan_balance(pool);
            }
        }
    }

    fn next_changed(&self) -> Option<usize> {
        match self.changed_pools.len() {
            0 => None,
            1 => Some(0),
            count => (0..count).min_by_key(|place| {
                let pool = self.changed_pools[*place];
                self.pools.get(pool).map_or(0, |pool| pool.served)
            }),
        }
    }

    fn assign_one(&mut self, key: PoolKey) -> Look {
        let Some(pool) = self.pools.get(key) else { return Look::Over };
        let Some(job_key) = pool.waiting.first() else { return Look::Over };
        let job = &self.jobs[job_key];
        if job.deadline <= self.moment {
            self.finish_timed_out(job_key);
            return Look::Further;
        }
        let Some(worker) = pool.best_worker(job) else { return Look::Over };
        self.served += 1;
        self.pools[key].served = self.served;
        self.dispatch(job_key, worker);
        if self.pools[key].waiting.is_empty() { Look::Over } else { Look::Further }
    }

    fn dispatch(&mut self, key: JobKey, worker_key: PeerKey) {
        self.waiting_jobs -= 1;
        self.waiting_bytes -= self.jobs[key].byte_count();
        let pool = self.jobs[key].pool;
        let popped = self.pools[pool].waiting.pop(&mut self.jobs);
        debug_assert!(popped == Some(key));
        let (now, peer_number) = (self.moment, self.peers[worker_key].number);
        let job = &mut self.jobs[key];
        job.attempt += 1;
        job.place = Place::Dispatched { worker: worker_key };
        job.last_dispatch = NonZeroU64::new(peer_number).map(|worker| LastDispatch { worker, at: now });
        job.span().record("attempt", job.attempt).record("worker", peer_number);
        trace!(parent: job.span(), "dispatched");
        let worker = self.peers.worker(worker_key);
        worker.outstanding.push(Outstanding {
            id: job.id,
            attempt: job.attempt,
            dispatched: self.now,
            pool,
            bytes: job.payload.len(),
            company: if job.goes_alone() { Company::None } else { Company::Allowed },
            waiter: Waiter::Caller(key),
        });
        worker.outstanding_bytes += job.payload.len();
        if worker.batch.is_empty() {
            self.actions.push_back(Action::Give(worker_key));
        }
        worker.batch.push(key);
        self.pools[pool].dispatched += 1;
        self.stats.dispatched += 1;
        // It has one job more: that lets no pool give out what it could not give out before.
        self.list(worker_key);
    }

    /// Something about a worker changed: puts it where its state says, and looks at its pools again if it may be given
    /// a job.
    pub(crate) fn update_listing(&mut self, key: PeerKey) {
        if let Listing::Listed = self.list(key) {
            for place in 0..self.peers.worker(key).memberships.len() {
                let (pool, _) = self.peers.worker(key).memberships[place];
                self.pool_changed(pool);
            }
        }
    }

    /// Puts a worker where its state says: among those that may be given a job, by the number of jobs it has, or not.
    fn list(&mut self, key: PeerKey) -> Listing {
        let suspected = self.peers[key].suspicion.is_some();
        let (now, bytes_max) = (self.now, self.settings.batch_bytes_max);
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

    /// If a worker has nothing to do while another has jobs that it has not begun, look again soon.
    fn plan_balance(&mut self, key: PoolKey) {
        let pool = &mut self.pools[key];
        let unequal = pool.members.idle() > 0 && pool.members.stocked() > 0;
        if pool.balancing || !unequal || !pool.waiting.is_empty() {
            return;
        }
        pool.balancing = true;
        self.timers.set(self.now + BALANCE_AFTER, Timer::Balance(key));
    }

    /// Recalls jobs that wait behind busy workers, as many as there are workers without any.
    pub(crate) fn balance(&mut self, key: PoolKey) {
        let Some(pool) = self.pools.get_mut(key) else { return };
        pool.balancing = false;
        let idle = pool.members.idle();
        let mut wanted = idle;
        if !pool.waiting.is_empty() {
            return;
        }
        let workers: Vec<PeerKey> = pool.members.workers().collect();
        for worker in workers {
            if wanted == 0 {
                break;
            }
            wanted -= self.recall(worker, Some(key), wanted);
        }
        // Once everything was asked for, only an answer can change anything.
        if wanted < idle {
            self.plan_balance(key);
        }
    }

    /// Asks a worker to give back jobs that it has not begun, the last ones first; tells how many were asked for.
    pub(crate) fn recall(&mut self, key: PeerKey, pool: Option<PoolKey>, jobs_max: usize) -> usize {
        let Some(worker) = self.peers[key].worker_mut() else { return 0 };
        if worker.attention == Attention::BetweenJobs {
            return 0;
        }
        let behind = worker.outstanding.iter_mut().skip(1).rev();
        let mut jobs = Vec::new();
        for entry in behind.filter(|entry| pool.is_none_or(|pool| pool == entry.pool)).take(jobs_max) {
            if let Waiter::Caller(job) = entry.waiter {
                entry.waiter = Waiter::Recalled(job);
                jobs.push(Attempt { job: entry.id, attempt: entry.attempt });
            }
        }
        let count = jobs.len();
        if count > 0 {
            debug!(worker = self.peers[key].number, jobs = count, "recalled");
            self.actions.push_back(Action::Recall { worker: key, jobs });
        }
        count
    }
}
