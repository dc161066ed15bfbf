//! Workers that are spared for a while: those that run too long too often, and those that give back what nobody recalled.

use super::Fleet;
use super::worker::Service;
use crate::dispatcher::clock::Moment;
use crate::dispatcher::keys::{PeerKey, PoolKey};
use powerhose_protocol::WorkerEnd;
use std::time::Duration;

/// How long a worker gets no jobs that gives back jobs it was not asked for and does not say that it leaves.
const REST_AFTER_REFUSAL: Duration = Duration::from_secs(1);
/// The longest rest of a worker that runs too long too often.
const REST_MAX: Duration = Duration::from_secs(60);
/// Its shortest; in between it is ten times the pool's soft run time.
const REST_MIN: Duration = Duration::from_secs(1);

/// What a run says about its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatcher) enum Bearing {
    /// Nothing new.
    Usual,
    /// It rested, and answers in time again.
    Recovered,
    /// It ran too long once more, and rests.
    TooLong(Rest),
}

/// A rest of a worker that runs too long too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatcher) struct Rest {
    pub(in crate::dispatcher) length: Duration,
    /// When it is over. Nothing if nobody else serves the pool: then the worker goes on, one job at a time.
    pub(in crate::dispatcher) until: Option<Moment>,
    /// Whether it got jobs until now.
    pub(in crate::dispatcher) before: Service,
}

impl Fleet {
    /// A job of a pool ran so long at a worker, and was done or failed.
    pub(in crate::dispatcher) fn record_run(
        &mut self,
        key: PeerKey,
        pool_key: PoolKey,
        (run, end): (Duration, WorkerEnd),
        now: Moment,
    ) -> Bearing {
        let pool = &mut self.pools[pool_key];
        pool.runs.record(run);
        pool.pace.record(run);
        let (soft, overruns_max) = (pool.settings.run_time_soft, pool.settings.overruns_max);
        let worker = self.peers.worker(key);
        worker.runs.record(run);
        match end {
            WorkerEnd::Done => worker.done += 1,
            _ => worker.failed += 1,
        }
        let Some(soft) = soft else { return Bearing::Usual };
        if run <= soft {
            worker.overruns = 0;
            if let Service::Resting { .. } = worker.service {
                worker.service = Service::On;
                return Bearing::Recovered;
            }
            return Bearing::Usual;
        }
        worker.overruns += 1;
        if worker.overruns > overruns_max && worker.service != Service::Quiet {
            return Bearing::TooLong(self.rest(key, pool_key, soft, now));
        }
        Bearing::Usual
    }

    /// A worker ran over the soft run time too often in a row: it rests, unless nobody else serves its pool.
    fn rest(&mut self, key: PeerKey, pool: PoolKey, soft: Duration, now: Moment) -> Rest {
        let length = (soft * 10).clamp(REST_MIN, REST_MAX);
        let serves = |other: PeerKey| self.worker(other).is_some_and(|worker| worker.service == Service::On);
        let helped = self.pools[pool].members.workers().any(|other| other != key && serves(other));
        let until = helped.then(|| now.after(length));
        let worker = self.peers.worker(key);
        let before = worker.service;
        worker.service = Service::Resting { until: until.unwrap_or(now) };
        Rest { length, until, before }
    }

    /// A worker no longer serves this pool. If nobody else does, those that rest must.
    pub(in crate::dispatcher) fn end_rests(&mut self, pool: PoolKey, now: Moment) {
        let workers: Vec<PeerKey> = self.pools[pool].members.workers().collect();
        if workers.iter().any(|worker| self.peers.worker(*worker).service == Service::On) {
            return;
        }
        for key in workers {
            let worker = self.peers.worker(key);
            // Without overruns it rests because it gave jobs back, and would do so again.
            if matches!(worker.service, Service::Resting { .. }) && worker.overruns > 0 {
                worker.service = Service::Resting { until: now };
                self.update_listing(key, now);
            }
        }
    }

    /// A resting worker may be tried again.
    pub(in crate::dispatcher) fn rest_over(&mut self, key: PeerKey, now: Moment) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if let Some(worker) = peer.worker_mut()
            && let Service::Resting { until } = worker.service
            && until <= now
            && worker.overruns == 0
        {
            worker.service = Service::On;
        }
        self.update_listing(key, now);
    }

    /// A worker that keeps giving back what it was not asked for would spin the master: it rests, and it is told until
    /// when. One that leaves does not.
    pub(in crate::dispatcher) fn rest_unless_leaving(&mut self, key: PeerKey, now: Moment) -> Option<Moment> {
        let worker = self.peers.worker(key);
        let mut until = now.after(REST_AFTER_REFUSAL);
        match worker.service {
            Service::On => {}
            Service::Resting { until: before } => until = until.max(before),
            Service::Quiet => return None,
        }
        worker.service = Service::Resting { until };
        Some(until)
    }

    /// A worker gets no new jobs any longer.
    pub(in crate::dispatcher) fn quiet(&mut self, key: PeerKey, now: Moment) {
        let worker = self.peers.worker(key);
        worker.service = Service::Quiet;
        let pools: Vec<PoolKey> = worker.memberships.iter().map(|(pool, _)| *pool).collect();
        self.update_listing(key, now);
        pools.into_iter().for_each(|pool| self.end_rests(pool, now));
    }

    /// A quiet worker gets jobs again.
    pub(in crate::dispatcher) fn resume(&mut self, key: PeerKey, now: Moment) {
        let Some(worker) = self.peers.get_mut(key).and_then(super::Peer::worker_mut) else { return };
        worker.service = Service::On;
        self.update_listing(key, now);
    }
}
