//! The pools that the worker offers, and the terms the master set for them.

use super::PoolSettings;
use powerhose_protocol::limits::DURATION_MS_MAX;
use powerhose_protocol::{PoolOffer, PoolTerms};
use std::sync::Arc;
use std::time::Duration;

/// How long a job may run past its deadline where the master does not say.
const OVERRUN_GRACE: Duration = Duration::from_secs(30);

/// How long a handler may go on that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grace {
    /// After the deadline.
    pub(super) overrun: Duration,
    /// After the master's word that the job is cancelled; without it, as after the deadline.
    pub(super) cancel: Option<Duration>,
}

impl Default for Grace {
    fn default() -> Grace {
        Grace { overrun: OVERRUN_GRACE, cancel: None }
    }
}

impl Grace {
    /// The same in either case: somebody has asked for it.
    pub(super) fn asked_for(within: Duration) -> Grace {
        Grace { overrun: within, cancel: Some(within) }
    }
}

#[derive(Debug)]
pub(super) struct Pools(Vec<Pool>);

#[derive(Debug)]
struct Pool {
    name: Arc<str>,
    credit_max: u64,
    grace: Grace,
    /// How long its jobs may wait here behind one that runs; without it for as long as that takes.
    stock_wait: Option<Duration>,
}

impl Pools {
    pub(super) fn new(settings: &[PoolSettings]) -> Pools {
        let pool = |pool: &PoolSettings| Pool {
            name: pool.name.as_str().into(),
            credit_max: pool.credit_max,
            grace: Grace::default(),
            stock_wait: None,
        };
        Pools(settings.iter().map(pool).collect())
    }

    pub(super) fn apply(&mut self, terms: &[PoolTerms<'_>]) {
        for pool in &mut self.0 {
            let settings = terms.iter().find(|terms| terms.pool == &*pool.name).map(|terms| &terms.settings);
            let find = |name| settings.and_then(|settings| settings.find(name));
            let duration = |milliseconds: u64| Duration::from_millis(milliseconds.min(DURATION_MS_MAX));
            pool.grace = Grace {
                overrun: find("overrun_grace_ms").map_or(OVERRUN_GRACE, duration),
                cancel: find("cancel_grace_ms").map(duration),
            };
            pool.stock_wait = find("stock_wait_ms").map(duration);
        }
    }

    pub(super) fn offers(&self) -> Vec<PoolOffer<'_>> {
        self.0.iter().map(|pool| PoolOffer { pool: &pool.name, credit_max: pool.credit_max }).collect()
    }

    /// The name as every job of the pool shares it; `None` if the pool is not offered.
    pub(super) fn find(&self, name: &str) -> Option<Arc<str>> {
        self.0.iter().find(|pool| &*pool.name == name).map(|pool| pool.name.clone())
    }

    pub(super) fn grace(&self, name: &str) -> Grace {
        self.0.iter().find(|pool| &*pool.name == name).map(|pool| pool.grace).unwrap_or_default()
    }

    pub(super) fn stock_wait(&self, name: &str) -> Option<Duration> {
        self.0.iter().find(|pool| &*pool.name == name)?.stock_wait
    }

    /// How many jobs the master may have given to the worker at once.
    pub(super) fn credit_sum(&self) -> usize {
        self.0.iter().map(|pool| usize::try_from(pool.credit_max).unwrap_or(usize::MAX)).sum()
    }
}
