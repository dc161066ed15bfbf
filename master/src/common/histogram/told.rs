//! A histogram as a map of a STATE: how it is written, and how it is read again.

use super::log_linear::{LogLinear, bucket_of};
use super::{BOUNDS_US, Histogram};
use powerhose_protocol::Value;
use std::time::Duration;

impl Histogram {
    /// As it stands in a STATE. Percentiles are there for readers who do not want to count.
    pub(crate) fn to_value(&self) -> Value {
        let numbers =
            |numbers: &mut dyn Iterator<Item = u64>| Value::Array(numbers.map(Value::Unsigned).collect());
        let quantile = |share| {
            self.quantile(share).map_or(Value::Nil, |duration| Value::Unsigned(nanoseconds(duration)))
        };
        let entries = [
            ("sum_us", Value::Unsigned(self.sum_ns / 1000)),
            ("counts", numbers(&mut self.coarse.iter().copied())),
            ("p50_ns", quantile(0.5)),
            ("p99_ns", quantile(0.99)),
            ("greatest_ns", quantile(1.0)),
            ("fine", numbers(&mut pairs(&self.fine).into_iter().flatten())),
        ];
        Value::Map(entries.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The ends of the coarse buckets as they stand in a STATE.
    pub(crate) fn bounds_to_value() -> Value {
        Value::Array(BOUNDS_US.into_iter().map(Value::Unsigned).collect())
    }

    /// Reads it; nothing if something is missing. `bounds_us` are those of the master's coarse buckets: they may be others
    /// than here. A count that lies between two of ours counts as long as its bound.
    pub(crate) fn from_value(value: &Value, bounds_us: &[u64]) -> Option<Histogram> {
        let sum_us = value.field("sum_us")?.as_unsigned()?;
        let counts = value.field("counts")?.as_array()?;
        let mut told = Histogram { sum_ns: sum_us.saturating_mul(1000), ..Histogram::default() };
        let mut begin_us = 0;
        for (count, bound_us) in counts.iter().zip(bounds_us.iter().copied().chain([u64::MAX])) {
            let count = count.as_unsigned()?;
            let coarse = &mut told.coarse[BOUNDS_US.partition_point(|ours| *ours < bound_us)];
            *coarse = coarse.saturating_add(count);
            told.stand_in(count, begin_us, bound_us);
            begin_us = bound_us;
        }
        if let Some(fine) = value.field("fine") {
            told.fine = from_pairs(fine)?;
            told.greatest_ns = value.field("greatest_ns").and_then(Value::as_unsigned).unwrap_or(0);
        }
        Some(told)
    }

    /// What is known of durations where a master tells no fine buckets: that they lie between these two. The last bucket has
    /// no end.
    fn stand_in(&mut self, count: u64, begin_us: u64, end_us: u64) {
        if count == 0 {
            return;
        }
        let end_us = if end_us == u64::MAX { begin_us } else { end_us };
        let middle = begin_us / 2 + end_us / 2;
        self.fine.count(bucket_of(middle.saturating_mul(1000)), count);
        self.greatest_ns = end_us.saturating_mul(1000);
    }
}

/// Each bucket that has a count: how many are left out before it, and the count.
fn pairs(fine: &LogLinear) -> Vec<[u64; 2]> {
    let mut next = 0;
    let pair = |(bucket, count)| {
        let gap = bucket - next;
        next = bucket + 1;
        [gap as u64, count]
    };
    fine.iter().map(pair).collect()
}

fn from_pairs(value: &Value) -> Option<LogLinear> {
    let mut fine = LogLinear::default();
    let mut next = 0_usize;
    for pair in value.as_array()?.chunks_exact(2) {
        let bucket = next.saturating_add(usize::try_from(pair[0].as_unsigned()?).ok()?);
        fine.count(bucket, pair[1].as_unsigned()?);
        next = bucket.saturating_add(1);
    }
    Some(fine)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
