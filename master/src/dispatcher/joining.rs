//! Peers come, register as workers, change their minds, and leave off taking jobs.

use super::Dispatcher;
use super::fleet::{NoEntry, Peer, PeerRole, Registered, Registration, TooManyPools, Worker};
use super::keys::PeerKey;
use crate::common::Notice;
use tracing::info;

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
        if self.fleet.is_full(role) {
            return Err(NoEntry::Full);
        }
        let lets_in = match role {
            PeerRole::Worker => self.lifecycle.needs_workers(),
            PeerRole::Client => self.lifecycle.is_open(),
        };
        if !lets_in {
            return Err(NoEntry::Closing);
        }
        let key = self.fleet.join(role, self.clock.now());
        if role == PeerRole::Client {
            self.notify(Notice::ClientConnected { client: self.fleet.number(key) });
        }
        Ok(key)
    }

    /// How many peers there are.
    pub(crate) fn peers(&self) -> usize {
        self.fleet.len()
    }

    /// A peer offers to serve these pools, and none that it offered before: what it has not begun of those goes to others.
    pub(crate) fn register(
        &mut self,
        key: PeerKey,
        registration: &Registration<'_>,
    ) -> Result<(), TooManyPools> {
        match self.fleet.register(key, registration, self.clock.moment())? {
            Registered::Anew => self.stats.workers_registered += 1,
            // Who looks for stocks behind busy workers no longer finds it there.
            Registered::Again { left } => left.into_iter().for_each(|pool| {
                self.recall(key, Some(pool), usize::MAX);
            }),
        }
        let (worker, pid) = (self.fleet.number(key), registration.pid);
        let pools: Vec<String> = registration.offers.iter().map(|offer| offer.pool.to_owned()).collect();
        info!(worker, pid, host = registration.host, pools = pools.join(","), "worker registered");
        self.notify(Notice::WorkerRegistered { worker, pid, pools });
        Ok(())
    }

    /// Whether the settings say how many jobs a worker of this pool is given at once.
    pub(crate) fn has_fixed_credit(&self, pool: &str) -> bool {
        self.fleet.pool_settings(pool).is_some_and(|settings| settings.credit.is_some())
    }

    /// A worker gets no new jobs any longer, and those it has not begun go to others.
    pub(crate) fn quiet(&mut self, key: PeerKey) {
        if self.fleet.worker(key).is_some() {
            self.fleet.quiet(key, self.clock.moment());
            self.recall(key, None, usize::MAX);
        }
    }

    /// A quiet worker gets jobs again.
    pub(crate) fn resume(&mut self, key: PeerKey) {
        self.fleet.resume(key, self.clock.moment());
    }

    /// The registered workers that are selected.
    pub(crate) fn select(&self, selection: Selection<'_>) -> Vec<PeerKey> {
        let pool = match selection {
            Selection::Pool(name) => self.fleet.find_pool(name),
            Selection::All | Selection::Number(_) => None,
        };
        let is_selected = |peer: &Peer, worker: &Worker| match selection {
            Selection::All => true,
            Selection::Number(number) => peer.number == number,
            Selection::Pool(_) => pool.is_some_and(|pool| worker.membership(pool).is_some()),
        };
        let workers = self.fleet.registered().filter(|(_, peer, worker)| is_selected(peer, worker));
        workers.map(|(key, ..)| key).collect()
    }

    /// How many jobs a registered worker has not answered.
    pub(crate) fn outstanding(&self, key: PeerKey) -> Option<usize> {
        self.fleet.worker(key).map(|worker| worker.outstanding.len())
    }
}
