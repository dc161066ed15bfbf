//! What a master tells, as JSON.

use crate::error::without_zeros;
use powerhose::{Ends, Histogram, PoolStats, Stats, Times, WorkerCounts, WorkerInfo};
use powerhose_protocol::Value;
use serde_json::{Map, json};
use std::ffi::c_char;
use std::time::Duration;

/// A text that C frees.
pub(crate) fn given_away(json: &serde_json::Value) -> *mut c_char {
    without_zeros(json.to_string()).into_raw()
}

/// An answer as it came over the wire. Bytes are told by their number.
pub(crate) fn value(value: &Value) -> serde_json::Value {
    match value {
        Value::Nil => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Unsigned(number) => (*number).into(),
        Value::Signed(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(bytes) => bytes.len().into(),
        Value::Array(values) => values.iter().map(self::value).collect::<Vec<_>>().into(),
        Value::Map(entries) => {
            entries.iter().map(|(name, of)| (name.clone(), self::value(of))).collect::<Map<_, _>>().into()
        }
    }
}

pub(crate) fn workers(workers: &[WorkerInfo]) -> serde_json::Value {
    workers.iter().map(worker).collect::<Vec<_>>().into()
}

fn worker(worker: &WorkerInfo) -> serde_json::Value {
    let labels: Map<_, _> =
        worker.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let current = worker.current.as_ref().map(|current| {
        json!({ "job": current.job.to_wire(), "pool": current.pool, "age_us": micros(current.age) })
    });
    json!({
        "id": worker.id,
        "pid": worker.pid,
        "host": worker.host,
        "instance": worker.instance,
        "software": worker.software,
        "state": worker.state.word(),
        "pools": worker.pools,
        "outstanding": worker.outstanding,
        "done": worker.done,
        "failed": worker.failed,
        "current": current,
        "run_last_us": micros(worker.run_last),
        "run_longest_us": micros(worker.run_longest),
        "run_sum_us": micros(worker.run_sum),
        "silence_ms": millis(worker.silence),
        "labels": labels,
    })
}

pub(crate) fn stats(stats: &Stats) -> serde_json::Value {
    let mut told = json!({
        "uptime_ms": millis(stats.uptime),
        "accepting": stats.accepting,
        "workers": stats.workers.all(),
        "workers_by_state": by_state(&stats.workers),
        "clients": stats.clients,
        "jobs_waiting": stats.waiting,
        "bytes_waiting": stats.waiting_bytes,
        "jobs_running": stats.in_flight.saturating_sub(stats.waiting),
        "oldest_waiting_ms": stats.oldest_waiting.map(millis),
        "rejections": stats.rejections.iter().map(|(code, count)| (code.to_owned(), count.into())).collect::<Map<_, _>>(),
        "lateness": histogram(&stats.lateness),
        "bucket_bounds_us": Histogram::bounds().map(micros).collect::<Vec<_>>(),
        "pools": stats.pools.iter().map(pool).collect::<Vec<_>>(),
        "forgotten": of_jobs(json!({}), &stats.forgotten.ends, &stats.forgotten.times),
    });
    for (name, count) in stats.counters() {
        told[name] = (*count).into();
    }
    told
}

fn pool(pool: &PoolStats) -> serde_json::Value {
    let told = json!({
        "pool": pool.name,
        "known": pool.known,
        "workers": pool.workers.all(),
        "workers_by_state": by_state(&pool.workers),
        "waiting": pool.waiting,
        "oldest_waiting_ms": pool.oldest_waiting.map(millis),
        "running": pool.running,
        "credit": pool.credit,
    });
    of_jobs(told, &pool.ends, &pool.times)
}

/// Adds how jobs ended, and how long they took.
fn of_jobs(mut told: serde_json::Value, ends: &Ends, times: &Times) -> serde_json::Value {
    for (name, count) in ends.counters() {
        told[name] = (*count).into();
    }
    told["times"] =
        times.histograms().map(|(name, of)| (name.to_owned(), histogram(of))).collect::<Map<_, _>>().into();
    told
}

fn histogram(of: &Histogram) -> serde_json::Value {
    let quantile = |share| of.quantile(share).map(micros);
    json!({
        "count": of.count(),
        "sum_us": micros(of.sum()),
        "greatest_us": of.greatest().map(micros),
        "p50_us": quantile(0.5),
        "p90_us": quantile(0.9),
        "p99_us": quantile(0.99),
        "p999_us": quantile(0.999),
        "buckets": of.counts(),
    })
}

fn by_state(workers: &WorkerCounts) -> Map<String, serde_json::Value> {
    workers.by_state().map(|(state, count)| (state.to_owned(), (*count).into())).collect()
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros() as u64
}
