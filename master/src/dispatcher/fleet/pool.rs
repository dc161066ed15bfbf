//! One pool: its workers, its run times, how its jobs ended.

use super::registration::Offer;
use crate::common::{Ends, PoolSettings, Times};
use crate::dispatcher::choice::{Distance, Members, Pace, Runs};
use crate::dispatcher::clock::Moment;
use crate::dispatcher::company::Company;
use crate::dispatcher::keys::{PeerKey, PoolKey};
use crate::maps::Map;
use slotmap::SlotMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of the names of pools in a refusal: enough to find the one that was meant, and no more than a message takes.
const OFFERED_BYTES_MAX: usize = 4096;

pub(crate) struct Pool {
    pub(crate) name: Arc<str>,
    pub(crate) settings: PoolSettings,
    pub(crate) knowledge: Knowledge,
    pub(crate) members: Members,
    pub(crate) runs: Runs,
    pub(crate) pace: Pace,
    /// When its waiting jobs were last looked through for those that cannot begin in time.
    pub(crate) judged: Option<Moment>,
    /// Jobs that have not ended, wherever they are.
    jobs: usize,
    /// Jobs at workers.
    pub(crate) dispatched: usize,
    /// Since when it has been without jobs and workers, as far as was looked.
    idle_since: Option<Instant>,
    pub(crate) account: Account,
    /// Whether its queue and workers are to be looked at before the next message goes out.
    pub(crate) changed: bool,
    /// When it was last given a worker, as a count: pools that share workers take turns by it.
    pub(crate) served: u64,
    /// Whether a timer will look for jobs that wait behind busy workers.
    pub(crate) balancing: bool,
}

/// How we know of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// Nobody declared it and no worker has offered it: its jobs wait a short time only. It is forgotten with the last of them.
    AskedFor,
    /// A worker has offered it. It is forgotten if it was idle for long, or for another if there is no more room.
    Offered,
    /// The settings declare it: it is never forgotten.
    Declared,
}

/// What is counted of a pool's jobs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// How they ended.
    pub(crate) ends: Ends,
    /// How long they took.
    pub(crate) times: Times,
}

impl Pool {
    /// How many jobs a worker of this pool may have at once that is so far away.
    pub(crate) fn credit(&self, distance: Distance) -> u32 {
        self.settings.credit.unwrap_or_else(|| self.runs.credit(distance))
    }

    /// The worker best placed to get a job, if one may have another.
    pub(crate) fn best_worker(&self, company: Company) -> Option<PeerKey> {
        match company {
            // While such a job waits, no worker's stock is refilled: sooner or later one is empty.
            Company::None => self.members.best(|_| 1),
            Company::Allowed => self.members.best(|distance| self.credit(distance)),
        }
    }

    /// Whether it was declared, or a worker has offered it.
    pub(crate) fn is_known(&self) -> bool {
        match self.knowledge {
            Knowledge::AskedFor => false,
            Knowledge::Offered | Knowledge::Declared => true,
        }
    }

    /// A worker offers it.
    pub(crate) fn is_offered(&mut self) {
        match self.knowledge {
            Knowledge::AskedFor | Knowledge::Offered => self.knowledge = Knowledge::Offered,
            Knowledge::Declared => {}
        }
        self.idle_since = None;
    }

    /// A job has come in.
    pub(crate) fn add_job(&mut self) {
        self.jobs += 1;
        self.idle_since = None;
    }

    /// Whether nobody has anything to do with it.
    fn is_idle(&self) -> bool {
        self.jobs == 0 && self.dispatched == 0 && self.members.len() == 0
    }

    /// Whether it may be forgotten for another that is needed more.
    fn is_dispensable(&self) -> bool {
        self.knowledge == Knowledge::Offered && self.is_idle()
    }
}

impl Account {
    fn add(&mut self, other: &Account) {
        self.ends.add(&other.ends);
        self.times.add(&other.times);
    }
}

/// All pools, by name.
#[derive(Default)]
pub(crate) struct Pools {
    pools: SlotMap<PoolKey, Pool>,
    names: Map<Arc<str>, PoolKey>,
    /// The one that a job named last: most jobs are for the same as the one before.
    latest: PoolKey,
    /// What was counted of pools that were forgotten.
    pub(crate) forgotten: Account,
}

impl Pools {
    pub(crate) fn find(&self, name: &str) -> Option<PoolKey> {
        self.names.get(name).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.pools.len()
    }

    /// The pool that a job names.
    pub(crate) fn find_again(&mut self, name: &str) -> Option<PoolKey> {
        if self.pools.get(self.latest).is_none_or(|latest| *latest.name != *name) {
            self.latest = self.find(name)?;
        }
        Some(self.latest)
    }

    /// The pool of this name, which is made if there is none, and room for it.
    pub(crate) fn find_or_make(&mut self, name: &str, pools_max: usize) -> Option<PoolKey> {
        if let Some(key) = self.find(name) {
            return Some(key);
        }
        self.make_room((self.pools.len() + 1).saturating_sub(pools_max), |_| false);
        (self.pools.len() < pools_max).then(|| self.make(name, PoolSettings::default(), Knowledge::AskedFor))
    }

    /// A pool that exists for sure. The last declaration of a name counts.
    pub(crate) fn declare(&mut self, name: &str, settings: PoolSettings) {
        match self.find(name) {
            Some(key) => self.pools[key].settings = settings,
            None => {
                self.make(name, settings, Knowledge::Declared);
            }
        }
    }

    fn make(&mut self, name: &str, settings: PoolSettings, knowledge: Knowledge) -> PoolKey {
        let name: Arc<str> = name.into();
        let key = self.pools.insert(Pool {
            name: name.clone(),
            settings,
            knowledge,
            members: Members::default(),
            runs: Runs::default(),
            pace: Pace::default(),
            judged: None,
            jobs: 0,
            dispatched: 0,
            idle_since: None,
            account: Account::default(),
            changed: false,
            served: 0,
            balancing: false,
        });
        self.names.insert(name, key);
        key
    }

    /// A job has ended. A pool that was only asked for goes with the last one.
    pub(crate) fn job_ended(&mut self, key: PoolKey) {
        let pool = &mut self.pools[key];
        pool.jobs -= 1;
        if pool.knowledge == Knowledge::AskedFor && pool.is_idle() {
            self.forget(key);
        }
    }

    /// Forgets the pools that have been idle for so long.
    pub(crate) fn forget_idle(&mut self, now: Instant, idle_max: Duration) {
        let mut idle_for_long = Vec::new();
        for (key, pool) in &mut self.pools {
            if !pool.is_dispensable() {
                pool.idle_since = None;
            } else if now.saturating_duration_since(*pool.idle_since.get_or_insert(now)) >= idle_max {
                idle_for_long.push(key);
            }
        }
        idle_for_long.into_iter().for_each(|key| self.forget(key));
    }

    /// We were away ourselves: how long pools have been idle counts anew.
    pub(crate) fn forgive_idleness(&mut self) {
        self.pools.values_mut().for_each(|pool| pool.idle_since = None);
    }

    /// Whether there is room for what a worker offers, which is made if need be. Names that only clients know take none away from a
    /// worker: they are bounded beside those that are known.
    pub(crate) fn make_room_for_offers(&mut self, offers: &[Offer<'_>], pools_max: usize) -> bool {
        let absent = offers.iter().filter(|offer| self.find(offer.pool).is_none()).count();
        let too_many = (self.pools.len() + absent).saturating_sub(pools_max);
        self.make_room(too_many, |name| offers.iter().any(|offer| offer.pool == name));
        let is_new = |name: &str| self.find(name).is_none_or(|key| !self.pools[key].is_known());
        let new = offers.iter().filter(|offer| is_new(offer.pool)).count();
        new == 0 || self.pools.values().filter(|pool| pool.is_known()).count() + new <= pools_max
    }

    /// Forgets so many dispensable pools, those first that have been idle for longest. Pools with names to keep stay.
    fn make_room(&mut self, too_many: usize, keep: impl Fn(&str) -> bool) {
        if too_many == 0 {
            return;
        }
        let dispensable = self.pools.iter().filter(|(_, pool)| pool.is_dispensable() && !keep(&pool.name));
        let mut by_idleness: Vec<_> =
            dispensable.map(|(key, pool)| ((pool.idle_since.is_none(), pool.idle_since), key)).collect();
        by_idleness.sort_by_key(|(idle, _)| *idle);
        by_idleness.into_iter().take(too_many).for_each(|(_, key)| self.forget(key));
    }

    fn forget(&mut self, key: PoolKey) {
        let Some(pool) = self.pools.remove(key) else { return };
        self.names.remove(&pool.name);
        self.forgotten.add(&pool.account);
    }

    /// In the order in which they were made.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PoolKey, &Pool)> {
        self.pools.iter()
    }

    pub(crate) fn get(&self, key: PoolKey) -> Option<&Pool> {
        self.pools.get(key)
    }

    /// What is counted of a pool's jobs; of one that was forgotten, that of all forgotten ones.
    pub(crate) fn account_of(&mut self, key: PoolKey) -> &mut Account {
        match self.pools.get_mut(key) {
            Some(pool) => &mut pool.account,
            None => &mut self.forgotten,
        }
    }

    pub(crate) fn get_mut(&mut self, key: PoolKey) -> Option<&mut Pool> {
        self.pools.get_mut(key)
    }

    /// The names of the pools that workers offer now, joined by `, `; if there are very many, the first of them.
    pub(crate) fn offered(&self) -> Box<str> {
        let mut offered = String::new();
        for pool in self.pools.values().filter(|pool| pool.members.len() > 0) {
            if !offered.is_empty() {
                offered.push_str(", ");
            }
            if offered.len() + pool.name.len() > OFFERED_BYTES_MAX {
                offered.push('…');
                break;
            }
            offered.push_str(&pool.name);
        }
        offered.into()
    }
}

impl std::ops::Index<PoolKey> for Pools {
    type Output = Pool;

    fn index(&self, key: PoolKey) -> &Pool {
        &self.pools[key]
    }
}

impl std::ops::IndexMut<PoolKey> for Pools {
    fn index_mut(&mut self, key: PoolKey) -> &mut Pool {
        &mut self.pools[key]
    }
}
