//! How many jobs a worker of a pool is given at once.
//!
//! One, unless the jobs are so short that the way to the worker and back would leave it idle for longer than it works:
//! a job that waits behind another at a busy worker cannot go to one that becomes free, so credit is given only where
//! that wait is short for sure.

use std::collections::VecDeque;
use std::time::Duration;

/// Runs that are remembered. With fewer, a pool in which one run of two hundred is long would have credit half of the time,
/// and whatever waits behind that run would wait for it.
const WINDOW: u64 = 1000;
/// Runs that must be known before more than one job is given.
const KNOWN_MIN: u64 = 8;
/// No credit in a pool in which one of the last runs took this long. Less may be a short job whose process had to wait
/// for a core: busy systems let others run for up to some milliseconds.
const LONG_RUN: Duration = Duration::from_millis(8);
/// Nor in one whose runs take this long on average: what it would gain is little.
const LONG_AVERAGE: Duration = Duration::from_millis(1);
/// From a worker's reply over the master to its next job while every core is busy with jobs, so that nobody on the way
/// runs at once: what a stock of jobs has to bridge. Measured in `powerhose-bench`'s W3 on a two-core machine: 200 µs are
/// too few, and beyond this nothing is gained.
const ROUND_TRIP: Duration = Duration::from_micros(1500);
/// Beyond this, more jobs in a worker's stock gain nothing measurable.
const CREDIT_MAX: u32 = 64;

/// The last runs of a pool.
#[derive(Default)]
pub(crate) struct Runs {
    count: u64,
    /// Run times that are the longest of all after them, with the number of the run: the first is the longest.
    longest: VecDeque<(u64, Duration)>,
    /// An average in which older runs count less and less, in nanoseconds.
    average_ns: u64,
}

impl Runs {
    /// A job of the pool ran this long.
    pub(crate) fn record(&mut self, run: Duration) {
        self.count += 1;
        while self.longest.back().is_some_and(|(_, shorter)| *shorter <= run) {
            self.longest.pop_back();
        }
        self.longest.push_back((self.count, run));
        if self.longest.front().is_some_and(|(number, _)| number + WINDOW <= self.count) {
            self.longest.pop_front();
        }
        let run_ns = run.as_nanos().min(u128::from(u64::MAX / 16)) as u64;
        self.average_ns = if self.count == 1 { run_ns } else { (self.average_ns * 15 + run_ns) / 16 };
    }

    /// An average in which older runs count less and less.
    pub(crate) fn average(&self) -> Duration {
        Duration::from_nanos(self.average_ns)
    }

    /// How many jobs a worker may have at once.
    pub(crate) fn credit(&self) -> u32 {
        let longest = self.longest.front().map_or(Duration::MAX, |(_, run)| *run);
        let average_ns = self.average_ns.max(1);
        if self.count < KNOWN_MIN || longest >= LONG_RUN || average_ns >= LONG_AVERAGE.as_nanos() as u64 {
            return 1;
        }
        let bridged = (ROUND_TRIP.as_nanos() as u64).div_ceil(average_ns);
        (1 + bridged).min(u64::from(CREDIT_MAX)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(runs: impl IntoIterator<Item = u64>) -> u32 {
        let mut window = Runs::default();
        runs.into_iter().for_each(|microseconds| window.record(Duration::from_micros(microseconds)));
        window.credit()
    }

    #[test]
    fn nothing_is_given_ahead_before_the_run_times_are_known() {
        assert_eq!(after([]), 1);
        assert_eq!(after([1; 7]), 1);
        assert!(after([1; 8]) > 1);
    }

    #[test]
    fn the_shorter_the_jobs_the_more_of_them_bridge_the_round_trip() {
        assert_eq!(after([1; 100]), 64);
        assert_eq!(after([50; 100]), 31);
        assert_eq!(after([200; 100]), 9);
        assert_eq!(after([999; 100]), 3);
    }

    #[test]
    fn long_runs_are_given_one_at_a_time() {
        assert_eq!(after([1000; 100]), 1);
    }

    #[test]
    fn a_short_job_that_had_to_wait_for_a_core_changes_little() {
        assert!(after([50; 100].into_iter().chain([4000])) > 4);
    }

    #[test]
    fn one_long_run_in_the_last_thousand_ends_it() {
        let long_then = |shorts| after(std::iter::once(20_000).chain(std::iter::repeat_n(50, shorts)));
        assert_eq!(long_then(999), 1);
        assert!(long_then(1000) > 1);
    }
}
