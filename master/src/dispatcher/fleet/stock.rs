//! The stocks of jobs at workers: how long they last, and whether one has a stock while another has nothing.

use super::Fleet;
use crate::dispatcher::keys::{PeerKey, PoolKey};
use std::time::Duration;

/// The longest time without a look: more gains nothing in `powerhose-bench`'s W3, and every reply may come so much later.
const LASTS_MAX: Duration = Duration::from_micros(400);
/// This part of what the smallest stock takes: the loop wakes late, and jobs may be shorter than the last were.
const SHARE: u32 = 4;
/// With more pools than these nobody looks: it would take longer than it saves.
const POOLS_MAX: usize = 16;

impl Fleet {
    /// How long every worker has enough to do, whatever comes meanwhile: a quarter of the time that the smallest stock
    /// of jobs takes. Nothing if a worker has none, or none is registered.
    pub(in crate::dispatcher) fn stock_lasts(&self) -> Duration {
        if self.pools.len() > POOLS_MAX {
            return Duration::ZERO;
        }
        let served = self.pools.iter().filter(|(_, pool)| pool.members.len() > 0);
        let times = served.map(|(_, pool)| {
            let stock = pool.members.fewest_jobs().saturating_sub(1);
            pool.runs.short_average().saturating_mul(stock) / SHARE
        });
        times.min().unwrap_or_default().min(LASTS_MAX)
    }

    /// Whether a look for jobs that could go from a worker with a stock to one without any is to be planned now: there
    /// are both, and none is planned.
    pub(in crate::dispatcher) fn begin_balancing(&mut self, pool: PoolKey) -> Balancing {
        let pool = &mut self.pools[pool];
        if pool.balancing || pool.members.idle() == 0 || pool.members.stocked() == 0 {
            return Balancing::AsBefore;
        }
        pool.balancing = true;
        Balancing::Begun
    }

    /// The planned look comes: how many workers of the pool have nothing to do, and who serves it. Nothing if the pool
    /// was forgotten.
    pub(in crate::dispatcher) fn end_balancing(&mut self, pool: PoolKey) -> Option<(usize, Vec<PeerKey>)> {
        let pool = self.pools.get_mut(pool)?;
        pool.balancing = false;
        Some((pool.members.idle(), pool.members.workers().collect()))
    }
}

/// Whether a look is to be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatcher) enum Balancing {
    Begun,
    AsBefore,
}
