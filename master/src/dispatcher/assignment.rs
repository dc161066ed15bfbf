//! Jobs and workers come together: the job whose turn it is goes to the best worker.

use super::choice::STOCK_WAIT;
use super::fleet::{Balancing, Batch, Outstanding, Waiter};
use super::keys::{JobKey, PeerKey, PoolKey};
use super::queue::{Job, Lane, LastDispatch, Place};
use super::{Action, Dispatcher, Timer};
use crate::common::WAIT_MAX;
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

impl Dispatcher {
    /// Gives out jobs until nothing more fits. Pools that share workers take turns.
    pub(crate) fn assign(&mut self) {
        while let Some((place, pool)) = self.fleet.next_changed() {
            if let Look::Further = self.assign_one(pool) {
                continue;
            }
            if let Some(pool) = self.fleet.looked_at(place) {
                self.plan_balance(pool);
            }
        }
    }

    /// Puts a job into its pool's queue.
    pub(super) fn wait_in_queue(&mut self, key: JobKey, lane: Lane) {
        if lane == Lane::Again && self.queue[key].from_dispatch.is_some() {
            self.set_deadline(key, WAIT_MAX);
        }
        let pool = self.queue.wait(key, lane);
        self.fleet.pool_changed(pool);
    }

    fn assign_one(&mut self, pool: PoolKey) -> Look {
        let Some(key) = self.queue.next_of(pool) else { return Look::Over };
        let job = &self.queue[key];
        if job.deadline <= self.clock.moment() {
            self.finish_timed_out(key);
            return Look::Further;
        }
        let Some(worker) = self.fleet.pool(pool).best_worker(job.company()) else { return Look::Over };
        self.dispatch(pool, key, worker)
    }

    /// The next job of a pool goes to a worker.
    fn dispatch(&mut self, pool: PoolKey, key: JobKey, worker: PeerKey) -> Look {
        let behind = self.queue.pop(pool, key);
        let number = self.fleet.number(worker);
        if let Some(within) = self.queue[key].from_dispatch {
            self.set_deadline(key, within);
        }
        let job = &mut self.queue[key];
        job.attempt += 1;
        job.place = Place::Dispatched { worker };
        let at = self.clock.moment();
        job.last_dispatch = NonZeroU64::new(number).map(|worker| LastDispatch { worker, at });
        if let Some(span) = &job.span {
            span.record("attempt", job.attempt).record("worker", number);
        }
        trace!(parent: job.span(), "dispatched");
        let entry = Outstanding {
            id: job.id,
            attempt: job.attempt,
            dispatched: at,
            pool,
            bytes: job.payload.len(),
            company: job.company(),
            waiter: Waiter::Caller(key),
        };
        if self.fleet.give(worker, key, entry, at) == Batch::Begun {
            self.actions.push_back(Action::Give(worker));
        }
        self.stats.dispatched += 1;
        if behind == 0 { Look::Over } else { Look::Further }
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

    /// If a worker has nothing to do while another has jobs that it has not begun, look again soon.
    fn plan_balance(&mut self, pool: PoolKey) {
        if self.queue.waiting_in(pool) == 0 && self.fleet.begin_balancing(pool) == Balancing::Begun {
            self.timers.set(self.clock.now() + BALANCE_AFTER, Timer::Balance(pool));
        }
    }

    /// Recalls jobs that wait behind busy workers, as many as there are workers without any.
    pub(super) fn balance(&mut self, pool: PoolKey) {
        let Some((idle, workers)) = self.fleet.end_balancing(pool) else { return };
        if self.queue.waiting_in(pool) > 0 {
            return;
        }
        let mut wanted = idle;
        for worker in workers {
            if wanted == 0 {
                break;
            }
            wanted -= self.recall(worker, Some(pool), wanted);
        }
        // Once everything was asked for, only an answer can change anything.
        if wanted < idle {
            self.plan_balance(pool);
        }
    }

    /// Asks a worker to give back jobs that it has not begun, the last ones first; tells how many were asked for.
    pub(super) fn recall(&mut self, worker: PeerKey, pool: Option<PoolKey>, jobs_max: usize) -> usize {
        let jobs = self.fleet.recall(worker, pool, jobs_max);
        let count = jobs.len();
        if count > 0 {
            debug!(worker = self.fleet.number(worker), jobs = count, "recalled");
            self.actions.push_back(Action::Recall { worker, jobs });
        }
        count
    }

    /// How long every worker has enough to do, whatever comes meanwhile. For so long the loop may look away while replies
    /// and new jobs gather: if all processors are busy, every message that wakes the loop takes one from a worker.
    pub(crate) fn stock_lasts(&self) -> Duration {
        self.fleet.stock_lasts()
    }
}
