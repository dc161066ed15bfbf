//! How fast a pool's workers get through its jobs, to know when a job could begin.
//!
//! It is measured so that it errs towards "soon": of two averages of the runs the shorter counts, so a few long runs among
//! short ones say little, and an end of long ones is noticed at once.

use std::time::Duration;

/// Runs that must be known before anything is said.
const KNOWN_MIN: u64 = 8;
/// So many runs weigh in the average that follows quickly, and in the one that follows slowly.
const WINDOWS: [u64; 2] = [16, 128];

/// A longer run counts as this long, a year and more, so that no sum overflows.
const RUN_NS_MAX: u64 = 1 << 56;

/// How long a pool's jobs run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    count: u64,
    averages_ns: [u64; 2],
}

impl Pace {
    /// A job of the pool ran this long.
    pub(crate) fn record(&mut self, run: Duration) {
        let run_ns = u64::try_from(run.as_nanos()).map_or(RUN_NS_MAX, |run_ns| run_ns.min(RUN_NS_MAX));
        self.count += 1;
        for (average_ns, window) in self.averages_ns.iter_mut().zip(WINDOWS) {
            // While the window fills, each weighs the same.
            let weight = self.count.min(window);
            let sum_ns = *average_ns * (weight - 1) + run_ns;
            *average_ns = if weight == window { sum_ns / window } else { sum_ns / weight };
        }
    }

    /// Whether enough runs are known to say anything.
    pub(crate) fn is_known(&self) -> bool {
        self.count >= KNOWN_MIN
    }

    /// How long it takes at least until `workers` workers begin a job before which so many are to be begun or are under
    /// way. Nothing as long as too little is known.
    pub(crate) fn until_begun(&self, ahead: usize, workers: usize) -> Option<Duration> {
        if !self.is_known() || workers == 0 {
            return None;
        }
        // What is under way may end at once.
        let Some(ahead) = ahead.checked_sub(workers).filter(|ahead| *ahead > 0) else {
            return Some(Duration::ZERO);
        };
        let run_ns = self.averages_ns[0].min(self.averages_ns[1]);
        Some(Duration::from_nanos(run_ns.saturating_mul(ahead as u64) / workers as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Duration = Duration::from_millis(200);

    fn after(runs: impl IntoIterator<Item = Duration>) -> Pace {
        let mut pace = Pace::default();
        runs.into_iter().for_each(|run| pace.record(run));
        pace
    }

    #[test]
    fn nothing_is_said_before_eight_runs_are_known_or_where_nobody_works() {
        assert_eq!(after([RUN; 7]).until_begun(1000, 1), None);
        assert_eq!(after([RUN; 8]).until_begun(1000, 0), None);
        assert_eq!(after([RUN; 8]).until_begun(1000, 1), Some(RUN * 999));
    }

    #[test]
    fn workers_share_what_is_ahead_and_what_they_do_may_end_at_once() {
        let pace = after([RUN; 100]);
        assert_eq!(pace.until_begun(2, 2), Some(Duration::ZERO));
        assert_eq!(pace.until_begun(50, 2), Some(RUN * 24));
    }

    #[test]
    fn a_long_run_among_short_ones_says_little() {
        let pace = after([RUN; 100].into_iter().chain([RUN * 100]));
        assert!(pace.until_begun(101, 1) < Some(RUN * 200), "{pace:?}");
    }

    #[test]
    fn an_end_of_long_runs_is_noticed_soon() {
        let pace = after([RUN * 100; 200].into_iter().chain([RUN; 64]));
        assert!(pace.until_begun(101, 1) < Some(RUN * 300), "{pace:?}");
    }

    #[test]
    fn the_longest_runs_and_queues_overflow_nothing() {
        let pace = after([Duration::MAX; 20]);
        assert!(pace.until_begun(usize::MAX, 1) > Some(WAIT));
    }

    const WAIT: Duration = Duration::from_secs(365 * 86_400);
}
