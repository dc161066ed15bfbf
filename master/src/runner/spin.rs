//! How a caller that turns the loop waits for its reply: first it looks again and again, then it sleeps.
//!
//! A processor that has nothing to do goes to sleep itself, and on many machines waking it costs more than the whole rest of
//! a short job. It is not given away between two looks (`sched_yield`): where all are busy, it would come back after
//! milliseconds, where one that sleeps is woken at once.

use std::hint;
use std::thread;
use std::time::{Duration, Instant};

/// How long a caller looks before it sleeps, unless it is told otherwise: about a round trip where processors wake slowly,
/// `powerhose-bench`'s W1 on a two-core machine.
pub(crate) const SPIN: Duration = Duration::from_micros(100);
/// More than this gains nothing: then the processor's own waking is a small part of the wait.
const SPIN_MAX: Duration = Duration::from_millis(1);
/// A wait that took this many times as long as it may spin would have been a sleep anyway.
const WORTH: u32 = 3;

/// Instructions that do nothing, between two looks.
const PAUSES: u32 = 20;

/// Between two looks.
pub(crate) fn pause() {
    (0..PAUSES).for_each(|_| hint::spin_loop());
}

/// When to look, and when to sleep.
#[derive(Debug)]
pub(crate) struct Spin {
    max: Duration,
    /// How long the last wait was.
    last: Duration,
}

impl Spin {
    /// For at most so long; with one processor not at all, because whoever is waited for needs it.
    pub(crate) fn new(max: Duration) -> Spin {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let max = if processors > 1 { max.min(SPIN_MAX) } else { Duration::ZERO };
        Spin { max, last: Duration::ZERO }
    }

    /// Until when a wait that begins now looks. The last one tells: long jobs are slept for.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        let worth = !self.max.is_zero() && self.last <= self.max * WORTH;
        worth.then(|| now + self.max)
    }

    /// A wait is over.
    pub(crate) fn waited(&mut self, wait: Duration) {
        self.last = wait;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spin(max: Duration) -> Spin {
        Spin { max, last: Duration::ZERO }
    }

    #[test]
    fn a_caller_looks_for_as_long_as_it_may() {
        let now = Instant::now();
        assert_eq!(spin(SPIN).until(now), Some(now + SPIN));
    }

    #[test]
    fn it_sleeps_at_once_after_a_long_wait_until_a_short_one_comes() {
        let (now, mut spin) = (Instant::now(), spin(SPIN));
        spin.waited(SPIN * WORTH);
        assert!(spin.until(now).is_some());
        spin.waited(SPIN * WORTH + Duration::from_nanos(1));
        assert_eq!(spin.until(now), None);
        spin.waited(SPIN);
        assert!(spin.until(now).is_some());
    }

    #[test]
    fn it_never_looks_if_it_may_not() {
        assert_eq!(spin(Duration::ZERO).until(Instant::now()), None);
    }

    #[test]
    fn nobody_looks_for_longer_than_the_bound() {
        assert!(Spin::new(Duration::from_secs(1)).max <= SPIN_MAX);
    }
}
