//! What a master tells of itself, its pools and its workers, as `status` and `top` show it; and the memory of those workers that
//! run on this machine, which the system tells.

use crate::memory::Here;
use powerhose_protocol::Value;
use std::time::Duration;

/// A number under this name; 0 where the master does not tell it.
pub(crate) fn number(state: &Value, name: &str) -> u64 {
    state.field(name).and_then(Value::as_unsigned).unwrap_or(0)
}

/// A text under this name.
pub(crate) fn text<'a>(state: &'a Value, name: &str) -> &'a str {
    state.field(name).and_then(Value::as_text).unwrap_or_default()
}

/// The entries of a list under this name.
pub(crate) fn list<'a>(state: &'a Value, name: &str) -> &'a [Value] {
    state.field(name).and_then(Value::as_array).unwrap_or_default()
}

/// What stands in each column of a table of workers, as `status` and `top` show it.
pub(crate) const WORKER_COLUMNS: [&str; 10] =
    ["WORKER", "STATE", "POOLS", "JOBS", "DONE", "FAILED", "PID", "HOST", "MEMORY", "RUNS"];

/// A worker's row under these columns.
pub(crate) fn worker_row(worker: &Value) -> [String; WORKER_COLUMNS.len()] {
    let count = |name| number(worker, name).to_string();
    [
        count("id"),
        text(worker, "state").to_owned(),
        pools(worker),
        count("outstanding"),
        count("done"),
        count("failed"),
        count("pid"),
        text(worker, "host").to_owned(),
        worker.field(MEMORY).and_then(Value::as_unsigned).map_or("-".to_owned(), mebibytes),
        current(worker),
    ]
}

/// What a worker holds with all that it has started, in bytes; added by [`add_memory`].
const MEMORY: &str = "memory_bytes";

/// Adds to each worker of this machine how much memory it holds with all that it has started. A worker elsewhere, or in a
/// container of its own, has none.
pub(crate) fn add_memory(state: Value) -> Value {
    let here = Here::now();
    let add = |mut worker: Value| {
        let pid = u32::try_from(number(&worker, "pid")).unwrap_or(0);
        let memory = here.memory_bytes(text(&worker, "host"), pid);
        if let Value::Map(entries) = &mut worker {
            entries.extend(memory.map(|bytes| (MEMORY.to_owned(), Value::Unsigned(bytes))));
        }
        worker
    };
    let Value::Map(entries) = state else { return state };
    let entries = entries.into_iter().map(|(name, value)| match value {
        Value::Array(workers) if name == "workers" => {
            (name, Value::Array(workers.into_iter().map(add).collect()))
        }
        value => (name, value),
    });
    Value::Map(entries.collect())
}

fn mebibytes(bytes: u64) -> String {
    format!("{}MiB", bytes.div_ceil(1 << 20))
}

/// The pools of a worker, joined.
fn pools(worker: &Value) -> String {
    list(worker, "pools").iter().filter_map(Value::as_text).collect::<Vec<_>>().join(",")
}

/// What a worker runs and for how long; `-` if nothing.
fn current(worker: &Value) -> String {
    match worker.field("current") {
        Some(current @ Value::Map(_)) => {
            let age = Duration::from_micros(number(current, "age_us"));
            format!("{} {}", text(current, "job"), time(age))
        }
        _ => "-".to_owned(),
    }
}

/// A duration in two units at most: `2d 3h`, `4m 5s`, `1.2s`, `34ms`.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        86400.. => format!("{}d {}h", seconds / 86400, seconds % 86400 / 3600),
        3600.. => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{}m {}s", seconds / 60, seconds % 60),
        1.. => format!("{:.1}s", duration.as_secs_f64()),
        0 => format!("{}ms", duration.as_millis()),
    }
}

/// What stands in the columns of a table of pools that tell of times.
pub(crate) const TIME_COLUMNS: [&str; 3] = ["WAIT 50/99%", "RUN 50/99%", "TOTAL 50/99%"];

/// A pool's times under these columns: how long half of its jobs took at most, and 99 of 100; `-` if none has ended.
pub(crate) fn pool_times(pool: &Value) -> [String; TIME_COLUMNS.len()] {
    ["wait", "run", "total"].map(|name| {
        let percentile = |percentile| pool.field(name)?.field(percentile)?.as_unsigned().map(three_digits);
        match (percentile("p50_ns"), percentile("p99_ns")) {
            (Some(half), Some(most)) => format!("{half}/{most}"),
            _ => "-".to_owned(),
        }
    })
}

/// A duration in nanoseconds, of which three digits are shown: `4.27us`, `85.0ms`, `5.00s`.
fn three_digits(nanoseconds: u64) -> String {
    let (number, unit) = match nanoseconds {
        ..1_000_000 => (nanoseconds as f64 / 1e3, "us"),
        1_000_000..1_000_000_000 => (nanoseconds as f64 / 1e6, "ms"),
        1_000_000_000.. => (nanoseconds as f64 / 1e9, "s"),
    };
    let decimals = match number {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}{unit}")
}

/// The same values as JSON. Bytes, which no state has, become their number.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Nil => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Unsigned(number) => (*number).into(),
        Value::Signed(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(bytes) => bytes.len().into(),
        Value::Array(values) => values.iter().map(json).collect::<Vec<_>>().into(),
        Value::Map(entries) => entries
            .iter()
            .map(|(name, value)| (name.clone(), json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_three_digits() {
        for (nanoseconds, expected) in [
            (900, "0.90us"),
            (14_849, "14.8us"),
            (999_400, "999us"),
            (1_040_000, "1.04ms"),
            (75_300_000, "75.3ms"),
            (5_003_000_000, "5.00s"),
            (150_000_000_000, "150s"),
        ] {
            assert_eq!(three_digits(nanoseconds), expected);
        }
    }

    #[test]
    fn times_have_two_units_at_most() {
        for (milliseconds, expected) in
            [(34, "34ms"), (1234, "1.2s"), (245_000, "4m 5s"), (7_260_000, "2h 1m"), (183_600_000, "2d 3h")]
        {
            assert_eq!(time(Duration::from_millis(milliseconds)), expected);
        }
    }
}
