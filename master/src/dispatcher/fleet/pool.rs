//! One pool: its workers, its run times, how its jobs ended.

use crate::common::{Ends, PoolSettings, Times};
use crate::dispatcher::choice::{Distance, Members, Pace, Runs};
use crate::dispatcher::company::Company;
use crate::dispatcher::keys::{PeerKey, PoolKey};
use crate::maps::Map;
use slotmap::SlotMap;
use std::sync::Arc;
use std::time::Instant;

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
    pub(crate) judged: Option<Instant>,
    /// Jobs at workers.
    pub(crate) dispatched: usize,
    /// How its jobs ended.
    pub(crate) ends: Ends,
    /// How long they took.
    pub(crate) times: Times,
    /// Whether its queue and workers are to be looked at before the next message goes out.
    pub(crate) changed: bool,
    /// When it was last given a worker, as a count: pools that share workers take turns by it.
    pub(crate) served: u64,
    /// Whether a timer will look for jobs that wait behind busy workers.
    pub(crate) balancing: bool,
}

/// Whether a pool exists for sure, or was only asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// Nobody declared it and no worker has ever offered it: its jobs wait a short time only.
    AskedFor,
    /// Declared in the settings, or offered by a worker once.
    Known,
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

    /// Whether it was declared, or offered by a worker once.
    pub(crate) fn is_known(&self) -> bool {
        self.knowledge == Knowledge::Known
    }

    /// Whether nothing would be lost if it were forgotten, where no job of it waits.
    pub(crate) fn is_forgettable(&self) -> bool {
        self.knowledge == Knowledge::AskedFor && self.members.len() == 0 && self.dispatched == 0
    }
}

/// All pools, by name.
#[derive(Default)]
pub(crate) struct Pools {
    pools: SlotMap<PoolKey, Pool>,
    names: Map<Arc<str>, PoolKey>,
}

impl Pools {
    pub(crate) fn find(&self, name: &str) -> Option<PoolKey> {
        self.names.get(name).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.pools.len()
    }

    /// The pool of this name, which is made if there is none and fewer than `pools_max` are there.
    pub(crate) fn find_or_make(&mut self, name: &str, pools_max: usize) -> Option<PoolKey> {
        if let Some(key) = self.find(name) {
            return Some(key);
        }
        (self.pools.len() < pools_max).then(|| self.make(name, PoolSettings::default(), Knowledge::AskedFor))
    }

    /// A pool that exists for sure. The last declaration of a name counts.
    pub(crate) fn declare(&mut self, name: &str, settings: PoolSettings) {
        match self.find(name) {
            Some(key) => self.pools[key].settings = settings,
            None => {
                self.make(name, settings, Knowledge::Known);
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
            dispatched: 0,
            ends: Ends::default(),
            times: Times::default(),
            changed: false,
            served: 0,
            balancing: false,
        });
        self.names.insert(name, key);
        key
    }

    /// Forgets a pool that was only asked for and of which no job waits.
    pub(crate) fn forget_if_idle(&mut self, key: PoolKey) {
        if self.pools.get(key).is_some_and(Pool::is_forgettable) {
            let pool = self.pools.remove(key).expect("it was just there");
            self.names.remove(&pool.name);
        }
    }

    /// In the order in which they were made.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PoolKey, &Pool)> {
        self.pools.iter()
    }

    pub(crate) fn get(&self, key: PoolKey) -> Option<&Pool> {
        self.pools.get(key)
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
