//! The last minutes, a sample a second. The charts of the page show them, also in a browser that opens it only now.

use powerhose::{Histogram, Stats};
use serde::Serialize;
use std::collections::VecDeque;
use std::time::Duration;

/// Samples that are kept: five minutes.
pub(super) const SAMPLES_MAX: usize = 300;

/// One moment, and what happened since the one before it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    /// Counts the samples from 1.
    pub(super) sequence: u64,
    /// Since the start of the master.
    at_ms: u64,
    done_per_second: f64,
    /// Failed, timed out, lost and rejected.
    bad_per_second: f64,
    waiting: usize,
    running: usize,
    wait_ms: Percentiles,
    run_ms: Percentiles,
    total_ms: Percentiles,
}

/// Nothing where no job ended.
#[derive(Clone, Copy, Debug, Serialize)]
struct Percentiles {
    p50: Option<f64>,
    p99: Option<f64>,
}

impl Percentiles {
    fn of(histogram: &Histogram) -> Percentiles {
        let milliseconds = |share| histogram.quantile(share).map(milliseconds);
        Percentiles { p50: milliseconds(0.5), p99: milliseconds(0.99) }
    }
}

/// Milliseconds, to the nanosecond.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

/// The times of all pools together, the forgotten ones included: a sum that only grows.
#[derive(Clone, Debug, Default)]
struct Times {
    wait: Histogram,
    run: Histogram,
    total: Histogram,
}

impl Times {
    fn of(stats: &Stats) -> Times {
        let mut times = Times::default();
        let pools = stats.pools.iter().map(|pool| &pool.times);
        for pool in pools.chain([&stats.forgotten.times]) {
            times.wait.add(&pool.wait);
            times.run.add(&pool.run);
            times.total.add(&pool.total);
        }
        times
    }
}

/// What was sampled so far.
#[derive(Default)]
pub(super) struct History {
    samples: VecDeque<Sample>,
    previous: Option<(Stats, Times)>,
    taken: u64,
}

impl History {
    /// Takes a sample; the first call only makes a beginning.
    pub(super) fn take(&mut self, stats: Stats) {
        let times = Times::of(&stats);
        if let Some((before, times_before)) = self.previous.take() {
            let seconds = stats.uptime.saturating_sub(before.uptime).as_secs_f64();
            let per_second = |count: fn(&Stats) -> u64| {
                let more = count(&stats).saturating_sub(count(&before)) as f64;
                if seconds > 0.0 { (more / seconds * 10.0).round() / 10.0 } else { 0.0 }
            };
            self.taken += 1;
            self.samples.push_back(Sample {
                sequence: self.taken,
                at_ms: stats.uptime.as_millis() as u64,
                done_per_second: per_second(|stats| stats.done),
                bad_per_second: per_second(bad),
                waiting: stats.waiting,
                running: stats.in_flight - stats.waiting,
                wait_ms: Percentiles::of(&times.wait.since(&times_before.wait)),
                run_ms: Percentiles::of(&times.run.since(&times_before.run)),
                total_ms: Percentiles::of(&times.total.since(&times_before.total)),
            });
        }
        self.previous = Some((stats, times));
        if self.samples.len() > SAMPLES_MAX {
            self.samples.pop_front();
        }
    }

    /// The samples after this one.
    pub(super) fn after(&self, sequence: u64) -> Vec<Sample> {
        self.samples.iter().filter(|sample| sample.sequence > sequence).cloned().collect()
    }
}

/// Jobs whose callers got no reply, though they waited for it.
fn bad(stats: &Stats) -> u64 {
    stats.failed + stats.timed_out + stats.lost + stats.rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(uptime_ms: u64, done: u64, failed: u64) -> Stats {
        let mut stats = Stats::default();
        stats.uptime = Duration::from_millis(uptime_ms);
        stats.done = done;
        stats.failed = failed;
        stats
    }

    #[test]
    fn rates_are_what_came_between_two_looks() {
        let mut history = History::default();
        history.take(stats(10_000, 500, 0));
        assert!(history.after(0).is_empty());
        history.take(stats(12_000, 700, 3));
        let samples = history.after(0);
        assert_eq!(samples.len(), 1);
        assert_eq!((samples[0].done_per_second, samples[0].bad_per_second), (100.0, 1.5));
        assert_eq!((samples[0].at_ms, samples[0].wait_ms.p99), (12_000, None));
        assert!(history.after(1).is_empty());
    }

    #[test]
    fn the_oldest_samples_are_forgotten() {
        let mut history = History::default();
        (0..1000).for_each(|second| history.take(stats(second * 1000, 0, 0)));
        let samples = history.after(0);
        assert_eq!((samples.len(), samples[SAMPLES_MAX - 1].sequence), (SAMPLES_MAX, 999));
    }
}
