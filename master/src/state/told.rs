//! Reads what a master tells of itself: the same [`Stats`] on the other side of the wire. Durations are as fine as the wire
//! has them.

use crate::common::{Ends, ForgottenPools, Histogram, PoolStats, Stats, Times, WorkerCounts};
use powerhose_protocol::Value;
use std::time::Duration;

impl Stats {
    /// From the answers to the queries `master` and `pools`; nothing if something is missing in them.
    pub(crate) fn from_values(master: &Value, pools: &Value) -> Option<Stats> {
        let bounds = bounds(pools)?;
        let master_bounds = self::bounds(master)?;
        let pools = pools.field("pools")?.as_array()?;
        let mut stats = Stats {
            lateness: histogram(master, "lateness", &master_bounds)?,
            uptime: Duration::from_millis(number(master, "uptime_ms")?),
            accepting: truth(master, "accepting")?,
            clients: size(master, "clients")?,
            workers: worker_counts(master)?,
            in_flight: size(master, "jobs_waiting")? + size(master, "jobs_running")?,
            waiting: size(master, "jobs_waiting")?,
            waiting_bytes: size(master, "bytes_waiting")?,
            oldest_waiting: oldest_waiting(master),
            pools: pools.iter().map(|pool| PoolStats::from_value(pool, &bounds)).collect::<Option<_>>()?,
            // A master may be of another version, which forgets nothing.
            forgotten: master
                .field("forgotten")
                .and_then(|forgotten| ForgottenPools::from_value(forgotten, &master_bounds))
                .unwrap_or_default(),
            ..Stats::default()
        };
        fill(stats.counters_mut(), |name| number(master, name))?;
        let rejections = master.field("rejections")?;
        stats.rejections.fill(|code| number(rejections, code));
        Some(stats)
    }
}

impl ForgottenPools {
    fn from_value(pools: &Value, bounds: &[u64]) -> Option<ForgottenPools> {
        let (ends, times) = account(pools, bounds)?;
        Some(ForgottenPools { ends, times })
    }
}

/// How jobs ended, and how long they took.
fn account(state: &Value, bounds: &[u64]) -> Option<(Ends, Times)> {
    let (mut ends, mut times) = (Ends::default(), Times::default());
    fill(ends.counters_mut(), |name| number(state, name))?;
    fill(times.histograms_mut(), |name| histogram(state, name, bounds))?;
    Some((ends, times))
}

impl PoolStats {
    fn from_value(pool: &Value, bounds: &[u64]) -> Option<PoolStats> {
        let (ends, times) = account(pool, bounds)?;
        Some(PoolStats {
            name: pool.field("pool")?.as_text()?.to_owned(),
            known: truth(pool, "known")?,
            workers: worker_counts(pool)?,
            waiting: size(pool, "waiting")?,
            oldest_waiting: oldest_waiting(pool),
            running: size(pool, "running")?,
            credit: u32::try_from(number(pool, "credit")?).ok()?,
            ends,
            times,
        })
    }
}

/// Reads each under its name; nothing if one of them is missing.
fn fill<'f, T: 'f>(
    fields: impl Iterator<Item = (&'static str, &'f mut T)>,
    read: impl Fn(&str) -> Option<T>,
) -> Option<()> {
    for (name, field) in fields {
        *field = read(name)?;
    }
    Some(())
}

fn number(state: &Value, name: &str) -> Option<u64> {
    state.field(name)?.as_unsigned()
}

fn size(state: &Value, name: &str) -> Option<usize> {
    // Far below half of what fits, so that two can be added.
    usize::try_from(number(state, name)?).ok().filter(|size| *size < usize::MAX / 2)
}

fn truth(state: &Value, name: &str) -> Option<bool> {
    match state.field(name)? {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

fn oldest_waiting(state: &Value) -> Option<Duration> {
    number(state, "oldest_waiting_ms").map(Duration::from_millis)
}

fn worker_counts(state: &Value) -> Option<WorkerCounts> {
    let by_state = state.field("workers_by_state")?;
    let mut counts = WorkerCounts::default();
    fill(counts.by_state_mut(), |word| size(by_state, word))?;
    Some(counts)
}

fn bounds(state: &Value) -> Option<Vec<u64>> {
    state.field("bounds_us")?.as_array()?.iter().map(Value::as_unsigned).collect()
}

fn histogram(state: &Value, name: &str, bounds: &[u64]) -> Option<Histogram> {
    Histogram::from_value(state.field(name)?, bounds)
}
