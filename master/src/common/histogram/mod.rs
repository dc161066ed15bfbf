//! How often durations of each length happened. To record one costs a few nanoseconds, and memory only where it is the first
//! within its power of two.
//!
//! There are two sets of buckets. The fine ones give percentiles. The few coarse ones have bounds that people and
//! Prometheus ask for, and are exact at these.

mod log_linear;
mod told;

use log_linear::{BUCKETS, LogLinear, bucket_of, range_of};
use std::time::Duration;

/// Coarse buckets that end somewhere; one more has no end.
const BOUNDS: usize = 31;

/// Where they end, in microseconds: 1, 2 and 5 of every power of ten from 10 µs to 500 ms; then what people choose as
/// timeouts, and 2 % more. A job that timed out took a little longer than its timeout: it does not count as one that took up
/// to twice as long.
const BOUNDS_US: [u64; BOUNDS] = [
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    1_020_000,
    2_000_000,
    2_040_000,
    5_000_000,
    5_100_000,
    10_000_000,
    10_200_000,
    20_000_000,
    20_400_000,
    30_000_000,
    30_600_000,
    60_000_000,
    61_200_000,
    120_000_000,
    122_400_000,
];

/// The same in nanoseconds.
const BOUNDS_NS: [u64; BOUNDS] = {
    let mut bounds = BOUNDS_US;
    let mut place = 0;
    while place < BOUNDS {
        bounds[place] *= 1000;
        place += 1;
    }
    bounds
};

/// How often durations of each length happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    coarse: [u64; BOUNDS + 1],
    /// In nanoseconds.
    fine: LogLinear,
    sum_ns: u64,
    greatest_ns: u64,
}

impl Histogram {
    /// Where each of the coarse buckets ends, the end included. One more has what is longer than the last.
    pub fn bounds() -> impl ExactSizeIterator<Item = Duration> {
        BOUNDS_US.into_iter().map(Duration::from_micros)
    }

    /// How many durations each of the coarse buckets has; the last one has no end.
    pub fn counts(&self) -> &[u64] {
        &self.coarse
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.coarse.iter().sum()
    }

    /// All durations together.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns)
    }

    /// The longest duration; of what [`since`](Histogram::since) gives it may be 1.6 % too short or too long. None if there
    /// are no durations.
    pub fn greatest(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.greatest_ns))
    }

    /// The duration that this share (0 to 1) of all do not exceed: at most 1.6 % more or less than the true one, and never
    /// more than the greatest. None if there are no durations.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        // A little less, because 0.28 of 25 is 7.000000000000001 in floating point.
        let rank = ((share.clamp(0.0, 1.0) * count as f64 * (1.0 - 1e-12)).ceil() as u64).max(1);
        if rank >= count {
            return self.greatest();
        }
        let told = self.fine.at_rank(rank).unwrap_or(self.greatest_ns);
        Some(Duration::from_nanos(told.min(self.greatest_ns)))
    }

    /// What was recorded here and not yet in `earlier`, an earlier state of the same histogram.
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let mut coarse = self.coarse;
        for (count, before) in coarse.iter_mut().zip(earlier.coarse) {
            *count = count.saturating_sub(before);
        }
        let fine = self.fine.since(&earlier.fine);
        let greatest_ns = match self.greatest_ns > earlier.greatest_ns {
            true => self.greatest_ns,
            false => fine.last().unwrap_or(0).min(self.greatest_ns),
        };
        Histogram { coarse, fine, sum_ns: self.sum_ns.saturating_sub(earlier.sum_ns), greatest_ns }
    }

    /// Adds all that another has.
    pub fn add(&mut self, other: &Histogram) {
        for (count, more) in self.coarse.iter_mut().zip(other.coarse) {
            *count = count.saturating_add(more);
        }
        other.fine.iter().for_each(|(bucket, count)| self.fine.count(bucket, count));
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.greatest_ns = self.greatest_ns.max(other.greatest_ns);
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        // In 64 bits, without the 128 of `as_nanos`.
        let seconds_ns = duration.as_secs().saturating_mul(1_000_000_000);
        self.record_ns(seconds_ns.saturating_add(u64::from(duration.subsec_nanos())));
    }

    /// The same, of a number of nanoseconds.
    pub(crate) fn record_ns(&mut self, nanos: u64) {
        let bucket = bucket_of(nanos);
        self.coarse[coarse_bucket_of(nanos, bucket)] += 1;
        self.fine.record(bucket);
        self.sum_ns = self.sum_ns.saturating_add(nanos);
        self.greatest_ns = self.greatest_ns.max(nanos);
    }
}

/// The coarse bucket of a duration that has this fine one.
fn coarse_bucket_of(nanos: u64, bucket: usize) -> usize {
    let mut coarse = usize::from(COARSE[bucket]);
    while coarse < BOUNDS && BOUNDS_NS[coarse] < nanos {
        coarse += 1;
    }
    coarse
}

/// The coarse bucket of the least number of each fine one: no search is left to do for a duration that is recorded.
static COARSE: [u8; BUCKETS] = {
    let mut table = [0; BUCKETS];
    let (mut bucket, mut coarse) = (0, 0);
    while bucket < BUCKETS {
        while coarse < BOUNDS && BOUNDS_US[coarse] * 1000 < range_of(bucket).0 {
            coarse += 1;
        }
        table[bucket] = coarse as u8;
        bucket += 1;
    }
    table
};

#[cfg(test)]
mod tests;
