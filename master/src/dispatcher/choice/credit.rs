//! How many jobs a worker of a pool is given at once.
//!
//! One, unless the jobs are so short that the way to the worker and back would leave it idle for longer than it works. How
//! long the runs are is known of the pool, how long the way is of each worker: a far one gets more ahead.
//!
//! A job that waits behind another at a busy worker cannot go to one that becomes free. So where one job takes long among
//! many short ones, its worker gives back the jobs behind it.

use super::distance::Distance;
use powerhose_protocol::limits;
use std::time::Duration;

/// Runs that must be known before more than one job is given.
const KNOWN_MIN: u64 = 8;
/// How long a job may wait behind another that runs before its worker gives it back. Less may be a short job whose process
/// has to wait for a core: busy systems let others run for up to some milliseconds. A longer run counts as this long: what
/// stood behind it waited no longer.
pub(crate) const STOCK_WAIT: Duration = Duration::from_millis(2);
/// Only one job at a time in a pool whose runs take this long on average: what it would gain by more is little.
const LONG_AVERAGE: Duration = Duration::from_millis(1);
/// Beyond this, more jobs in the stock of a worker nearby gain nothing measurable.
const CREDIT_MAX: u32 = 64;

/// The last runs of a pool.
#[derive(Default)]
pub(crate) struct Runs {
    count: u64,
    /// An average in which older runs count less and less, in nanoseconds.
    average_ns: u64,
    /// The same of those that were not longer than a job may wait behind them.
    short_average_ns: u64,
}

impl Runs {
    /// A job of the pool ran this long.
    pub(crate) fn record(&mut self, run: Duration) {
        self.count += 1;
        let run_ns = run.min(STOCK_WAIT).as_nanos() as u64;
        let averaged = |average_ns| if self.count == 1 { run_ns } else { (average_ns * 15 + run_ns) / 16 };
        self.average_ns = averaged(self.average_ns);
        if run < STOCK_WAIT {
            self.short_average_ns = averaged(self.short_average_ns);
        }
    }

    /// How long the short jobs run, as an average in which older runs count less and less.
    pub(crate) fn short_average(&self) -> Duration {
        Duration::from_nanos(self.short_average_ns)
    }

    /// How many jobs a worker may have at once that is so far away.
    pub(crate) fn credit(&self, distance: Distance) -> u32 {
        let average_ns = self.average_ns.max(1);
        if self.count < KNOWN_MIN || average_ns >= LONG_AVERAGE.as_nanos() as u64 {
            return 1;
        }
        let bridged = (distance.round_trip().as_nanos() as u64).div_ceil(average_ns);
        let credit_max = u64::from(CREDIT_MAX * distance.times_near()).min(limits::CREDIT_MAX);
        (1 + bridged).min(credit_max) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(runs: impl IntoIterator<Item = u64>) -> u32 {
        after_at(Distance::NEAR, runs)
    }

    fn after_at(distance: Distance, runs: impl IntoIterator<Item = u64>) -> u32 {
        let mut window = Runs::default();
        runs.into_iter().for_each(|microseconds| window.record(Duration::from_micros(microseconds)));
        window.credit(distance)
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
    fn the_further_a_worker_is_the_more_jobs_bridge_the_round_trip() {
        assert_eq!(after_at(Distance::at(1), [50; 100]), 61);
        assert_eq!(after_at(Distance::at(4), [50; 100]), 481);
        assert_eq!(after_at(Distance::at(7), [1; 100]), 1024);
        assert_eq!(after_at(Distance::at(7), [1000; 100]), 1);
    }

    #[test]
    fn long_runs_are_given_one_at_a_time() {
        assert_eq!(after([1000; 100]), 1);
    }

    #[test]
    fn a_long_run_among_short_ones_changes_little_however_long() {
        for long in [4_000, 20_000, 3_600_000_000] {
            assert_eq!(after([50; 100].into_iter().chain([long])), 10);
        }
    }

    #[test]
    fn where_half_of_the_runs_are_long_one_is_given_at_a_time() {
        assert_eq!(after([50, 20_000].repeat(50)), 1);
    }
}
