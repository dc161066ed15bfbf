//! How often durations of each length happened: fixed buckets in an array, so that to record one costs a few nanoseconds
//! and no memory.

use powerhose_protocol::Value;
use std::time::Duration;

/// Buckets that end somewhere; one more has no end.
const BOUNDS: usize = 22;

/// Where the buckets end, in microseconds: 1, 2 and 5 of every power of ten, from 10 µs to 100 s.
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
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
];

/// How often durations of each length happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: [u64; BOUNDS + 1],
    sum_us: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: [0; BOUNDS + 1], sum_us: 0 }
    }
}

impl Histogram {
    /// Where each bucket ends, the end included. One more bucket has what is longer than the last.
    pub fn bounds() -> impl ExactSizeIterator<Item = Duration> {
        BOUNDS_US.into_iter().map(Duration::from_micros)
    }

    /// How many durations each bucket has; the last one has no end.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All durations together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// The duration that this share (0 to 1) of all stays below, as well as the buckets tell: within a bucket they count
    /// as evenly spread, and beyond the last bound as long as that. None if there are no durations.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        let rank = (share.clamp(0.0, 1.0) * count as f64).max(f64::MIN_POSITIVE);
        let mut below = 0.0;
        let mut begin = 0;
        for (bucket, end) in self.counts.iter().zip(BOUNDS_US) {
            let bucket = *bucket as f64;
            if below + bucket >= rank && bucket > 0.0 {
                let into = (rank - below) / bucket * (end - begin) as f64;
                return Some(Duration::from_nanos(begin * 1000 + (into * 1000.0) as u64));
            }
            below += bucket;
            begin = end;
        }
        (count > 0).then(|| Duration::from_micros(begin))
    }

    /// What was recorded here and not yet in `earlier`, an earlier state of the same histogram.
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let mut counts = self.counts;
        for (count, before) in counts.iter_mut().zip(earlier.counts) {
            *count = count.saturating_sub(before);
        }
        Histogram { counts, sum_us: self.sum_us.saturating_sub(earlier.sum_us) }
    }

    /// Adds all that another has.
    pub fn add(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        // Whole microseconds in 64 bits, without the 128-bit division of `as_micros`.
        let micros =
            duration.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(duration.subsec_micros()));
        let bucket = BOUNDS_US.partition_point(|bound| *bound < micros);
        self.counts[bucket] += 1;
        self.sum_us = self.sum_us.saturating_add(micros);
    }

    /// What stood in an answer to STATUS. A bucket of a master whose bounds are others counts where its bound belongs here.
    pub(crate) fn told(sum_us: u64, counts: &[u64], bounds_us: &[u64]) -> Histogram {
        let mut told = Histogram { sum_us, ..Histogram::default() };
        let bounds_us = bounds_us.iter().copied().chain([u64::MAX]);
        for (count, bound) in counts.iter().zip(bounds_us) {
            let bucket = &mut told.counts[BOUNDS_US.partition_point(|ours| *ours < bound)];
            *bucket = bucket.saturating_add(*count);
        }
        told
    }

    /// As it stands in an answer to STATUS.
    pub(crate) fn to_value(&self) -> Value {
        let counts = self.counts.iter().map(|count| Value::Unsigned(*count)).collect();
        Value::Map(vec![
            ("sum_us".to_owned(), self.sum_us.into()),
            ("counts".to_owned(), Value::Array(counts)),
        ])
    }

    /// The ends of the buckets as they stand in an answer to STATUS.
    pub(crate) fn bounds_to_value() -> Value {
        Value::Array(BOUNDS_US.into_iter().map(Value::Unsigned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        micros.into_iter().for_each(|micros| histogram.record(Duration::from_micros(micros)));
        histogram
    }

    #[test]
    fn a_bucket_ends_with_its_bound() {
        let histogram = of([0, 10, 11, 20, 21, 100_000_000, 100_000_001, u64::MAX]);
        assert_eq!(histogram.counts()[..3], [2, 2, 1]);
        assert_eq!(histogram.counts()[BOUNDS - 1..], [1, 2]);
        assert_eq!(histogram.count(), 8);
    }

    #[test]
    fn a_quantile_lies_in_the_bucket_that_has_it() {
        let histogram = of((1..=99).map(|_| 150).chain([70_000]));
        let within = |share, from, to| {
            let micros = histogram.quantile(share).expect("there are some").as_micros();
            assert!((from..=to).contains(&micros), "{share}: {micros}");
        };
        within(0.0, 100, 200);
        within(0.5, 100, 200);
        within(0.99, 100, 200);
        within(0.995, 50_000, 100_000);
        within(1.0, 50_000, 100_000);
        assert_eq!(of([]).quantile(0.5), None);
        assert_eq!(of([u64::MAX]).quantile(0.5), Some(Duration::from_secs(100)));
    }

    #[test]
    fn what_came_since_and_what_was_before_are_the_whole() {
        let (before, whole) = (of([5, 500]), of([5, 500, 7_000, 9]));
        let since = whole.since(&before);
        assert_eq!(since, of([7_000, 9]));
        let mut sum = before;
        sum.add(&since);
        assert_eq!(sum, whole);
    }
}
