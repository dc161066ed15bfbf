//! Counts and pools as maps in a STATE.

use super::{extend, map};
use crate::common::{ForgottenPools, Histogram, PoolStats, Stats, WorkerCounts};
use powerhose_protocol::Value;
use std::time::Duration;

/// The answer to the query `master`.
pub(crate) fn master(stats: &Stats, epoch: u64, pid: u32) -> Value {
    let mut state = map([
        ("epoch", epoch.into()),
        ("pid", u64::from(pid).into()),
        ("uptime_ms", millis(stats.uptime)),
        ("accepting", stats.accepting.into()),
        ("workers", (stats.workers.all() as u64).into()),
        ("workers_by_state", workers_by_state(&stats.workers)),
        ("clients", (stats.clients as u64).into()),
        ("jobs_waiting", (stats.waiting as u64).into()),
        ("bytes_waiting", (stats.waiting_bytes as u64).into()),
        ("jobs_running", ((stats.in_flight - stats.waiting) as u64).into()),
        ("oldest_waiting_ms", stats.oldest_waiting.map_or(Value::Nil, millis)),
    ]);
    extend(&mut state, stats.counters().map(|(name, count)| (name, (*count).into())));
    extend(
        &mut state,
        [
            ("rejections", rejections(stats)),
            ("lateness", stats.lateness.to_value()),
            ("forgotten", forgotten(&stats.forgotten)),
            bounds(),
        ],
    );
    state
}

fn forgotten(pools: &ForgottenPools) -> Value {
    let mut state = map([]);
    extend(&mut state, pools.ends.counters().map(|(name, count)| (name, (*count).into())));
    extend(&mut state, pools.times.histograms().map(|(name, times)| (name, times.to_value())));
    state
}

fn rejections(stats: &Stats) -> Value {
    Value::Map(stats.rejections.iter().map(|(code, count)| (code.to_owned(), count.into())).collect())
}

/// The ends of the buckets of every histogram beside it.
pub(super) fn bounds() -> (&'static str, Value) {
    ("bounds_us", Histogram::bounds_to_value())
}

fn workers_by_state(workers: &WorkerCounts) -> Value {
    let mut counts = map([]);
    extend(&mut counts, workers.by_state().map(|(state, count)| (state, (*count as u64).into())));
    counts
}

impl PoolStats {
    pub(crate) fn to_value(&self) -> Value {
        let mut state = map([
            ("pool", self.name.as_str().into()),
            ("known", self.known.into()),
            ("workers", (self.workers.all() as u64).into()),
            ("workers_by_state", workers_by_state(&self.workers)),
            ("waiting", (self.waiting as u64).into()),
            ("oldest_waiting_ms", self.oldest_waiting.map_or(Value::Nil, millis)),
            ("running", (self.running as u64).into()),
            ("credit", u64::from(self.credit).into()),
        ]);
        extend(&mut state, self.ends.counters().map(|(name, count)| (name, (*count).into())));
        extend(&mut state, self.times.histograms().map(|(name, times)| (name, times.to_value())));
        state
    }
}

fn millis(duration: Duration) -> Value {
    Value::Unsigned(duration.as_millis() as u64)
}
