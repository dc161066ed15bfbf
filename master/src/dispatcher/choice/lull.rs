//! How long no worker will want anything. For so long the loop may look away while replies and new jobs gather. If all
//! processors are busy, every message that wakes the loop takes one from a worker.

use crate::dispatcher::Dispatcher;
use std::time::Duration;

/// The longest lull: more gains nothing in `powerhose-bench`'s W3, and every reply may come so much later.
const LULL_MAX: Duration = Duration::from_micros(400);
/// A lull is this part of what the smallest stock takes: the loop wakes late, and jobs may be shorter than the last were.
const SHARE: u32 = 4;
/// With more pools than these nobody looks: it would take longer than it saves.
const POOLS_MAX: usize = 16;

impl Dispatcher {
    /// How long every worker has enough to do, whatever comes meanwhile: a quarter of the time that the smallest stock
    /// of jobs takes. Nothing if a worker has none, or none is registered.
    pub(crate) fn lull(&self) -> Duration {
        if self.pools.len() > POOLS_MAX {
            return Duration::ZERO;
        }
        let served = self.pools.iter().filter(|(_, pool)| pool.members.len() > 0);
        let lulls = served.map(|(_, pool)| {
            let stock = pool.members.fewest_jobs().saturating_sub(1);
            pool.runs.short_average().saturating_mul(stock) / SHARE
        });
        lulls.min().unwrap_or_default().min(LULL_MAX)
    }
}
