//! Medians and ranges, and latencies in a histogram. Pure.

use hdrhistogram::Histogram;
use std::time::Duration;

/// What is left of the repeats of one measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// The median, or what stands for all repeats together.
    pub(crate) typical: f64,
    /// The least of the repeats.
    pub(crate) least: f64,
    /// The greatest.
    pub(crate) greatest: f64,
}

impl Summary {
    /// Of at least one value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Summary> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, greatest) = (*sorted.first()?, *sorted.last()?);
        Some(Summary { typical: median(&sorted), least, greatest })
    }

    /// The same range around another value.
    pub(crate) fn around(self, typical: f64) -> Summary {
        Summary { typical, ..self }
    }
}

/// Of an even number, the mean of the middle two.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

/// Latencies, each with an error of at most a thousandth.
#[derive(Clone)]
pub(crate) struct Latencies(Histogram<u64>);

/// Longer ones count as this.
const LONGEST: Duration = Duration::from_secs(100);

impl Latencies {
    pub(crate) fn new() -> Latencies {
        Latencies(
            Histogram::new_with_bounds(1, LONGEST.as_nanos() as u64, 3).expect("the bounds are in order"),
        )
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(latency.as_nanos() as u64);
    }

    pub(crate) fn add(&mut self, others: &Latencies) {
        self.0.add(&others.0).expect("all histograms have the same bounds");
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// Nanoseconds within which this share of them lies, from 0 to 1.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Latencies {
        let mut latencies = Latencies::new();
        durations.into_iter().for_each(|latency| latencies.record(latency));
        latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let summary = Summary::of([4.0, 1.0, 3.0, 2.0]).expect("there are values");
        assert_eq!(summary, Summary { typical: 2.5, least: 1.0, greatest: 4.0 });
    }

    #[test]
    fn the_median_of_an_odd_number_is_one_of_them() {
        let summary = Summary::of([9.0, 1.0, 5.0]).expect("there are values");
        assert_eq!(summary, Summary { typical: 5.0, least: 1.0, greatest: 9.0 });
        assert_eq!(Summary::of([]), None);
    }

    #[test]
    fn quantiles_are_those_of_all_that_was_added() {
        let mut latencies: Latencies = (1..=500).map(Duration::from_micros).collect();
        latencies.add(&(501..=1000).map(Duration::from_micros).collect());
        assert_eq!(latencies.count(), 1000);
        for (share, microseconds) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = latencies.quantile(share) / 1e3;
            assert!((found - microseconds).abs() <= microseconds / 500.0, "{share}: {found}");
        }
    }

    #[test]
    fn a_latency_beyond_the_bounds_counts_as_the_longest() {
        let latencies: Latencies = [Duration::from_secs(1000)].into_iter().collect();
        assert!(latencies.quantile(1.0) >= 99e9);
    }
}
