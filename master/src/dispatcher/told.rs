//! Reads what a master told of itself: the same [`Stats`] on the other side of the wire, with durations as fine as they are
//! told there.

use super::status::counters;
use super::{Ends, Histogram, PoolStats, Stats, Times, WorkerCounts};
use powerhose_protocol::Value;
use std::time::Duration;

impl Stats {
    /// From the answers to the queries `master` and `pools`; nothing if something is missing in them.
    pub(crate) fn from_values(master: &Value, pools: &Value) -> Option<Stats> {
        let bounds = bounds(pools)?;
        let pools = pools.field("pools")?.as_array()?;
        let mut stats = Stats {
            lateness: histogram(master, "lateness", &self::bounds(master)?)?,
            uptime: Duration::from_millis(number(master, "uptime_ms")?),
            accepting: truth(master, "accepting")?,
            clients: size(master, "clients")?,
            workers: worker_counts(master)?,
            in_flight: size(master, "jobs_waiting")? + size(master, "jobs_running")?,
            waiting: size(master, "jobs_waiting")?,
            waiting_bytes: size(master, "bytes_waiting")?,
            oldest_waiting: oldest_waiting(master),
            pools: pools.iter().map(|pool| PoolStats::from_value(pool, &bounds)).collect::<Option<_>>()?,
            ..Stats::default()
        };
        for (name, count) in counters(&mut stats) {
            *count = number(master, name)?;
        }
        let rejections = master.field("rejections")?;
        stats.rejections.fill(|code| number(rejections, code));
        Some(stats)
    }
}

impl PoolStats {
    fn from_value(pool: &Value, bounds: &[u64]) -> Option<PoolStats> {
        let count = |name| number(pool, name);
        let times = |name| histogram(pool, name, bounds);
        Some(PoolStats {
            name: pool.field("pool")?.as_text()?.to_owned(),
            known: truth(pool, "known")?,
            workers: worker_counts(pool)?,
            waiting: size(pool, "waiting")?,
            oldest_waiting: oldest_waiting(pool),
            running: size(pool, "running")?,
            credit: u32::try_from(count("credit")?).ok()?,
            ends: Ends {
                done: count("done")?,
                failed: count("failed")?,
                timed_out: count("timed_out")?,
                cancelled: count("cancelled")?,
                lost: count("lost")?,
                rejected: count("rejected")?,
            },
            times: Times {
                wait: times("wait")?,
                run: times("run")?,
                overhead: times("overhead")?,
                total: times("total")?,
            },
        })
    }
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
    let counts = state.field("workers_by_state")?;
    Some(WorkerCounts {
        ready: size(counts, "ready")?,
        busy: size(counts, "busy")?,
        overdue: size(counts, "overdue")?,
        quiet: size(counts, "quiet")?,
    })
}

fn bounds(state: &Value) -> Option<Vec<u64>> {
    state.field("bounds_us")?.as_array()?.iter().map(Value::as_unsigned).collect()
}

fn histogram(state: &Value, name: &str, bounds: &[u64]) -> Option<Histogram> {
    let histogram = state.field(name)?;
    let counts: Option<Vec<u64>> =
        histogram.field("counts")?.as_array()?.iter().map(Value::as_unsigned).collect();
    Some(Histogram::told(number(histogram, "sum_us")?, &counts?, bounds))
}
