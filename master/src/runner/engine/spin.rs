//! How a caller that turns the loop waits for its reply: first it looks again and again, then it sleeps.
//!
//! * A processor that has nothing to do goes to sleep, and on many machines waking it costs more than the rest of a short job.
//! * Between two looks the caller gives the processor away, so that the thread that it waits for can run there.
//! * Where all processors are busy with other things, the caller gets it back after milliseconds. A caller that sleeps is woken
//!   at once. So after a look that took so long, many waits are slept.

use crate::wires::clock;
use std::thread;
use std::time::{Duration, Instant};

/// How long a caller looks before it sleeps, unless it is told otherwise: about a round trip where processors wake slowly,
/// `powerhose-bench`'s W1 on a two-core machine.
pub(crate) const SPIN: Duration = Duration::from_micros(100);
/// More than this gains nothing: then the processor's own waking is a small part of the wait.
const SPIN_MAX: Duration = Duration::from_millis(1);
/// A wait that took this many times as long as it may spin would have been a sleep anyway.
const WORTH: u32 = 3;

/// A thread that has the processor for so long does not belong to a short job. Others get it for about 3 ms.
const LATE: Duration = Duration::from_micros(500);
/// Waits that are slept for after that: so many that the next such look falls into no percentile that anybody asks for.
const SLEEPS_MIN: u32 = 1000;
/// As many after such looks in a row, each time twice as many.
const SLEEPS_MAX: u32 = 16_000;

/// When to look, and when to sleep.
#[derive(Debug)]
pub(crate) struct Spin {
    max: Duration,
    /// How long the last wait was.
    last: Duration,
    /// Waits that are to be slept for, because others need the processors.
    sleeps: u32,
    /// How many those will be the next time.
    sleeps_next: u32,
}

impl Spin {
    /// For at most so long; with one processor not at all, because whoever is waited for needs it.
    pub(crate) fn new(max: Duration) -> Spin {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let max = if processors > 1 { max.min(SPIN_MAX) } else { Duration::ZERO };
        Spin { max, last: Duration::ZERO, sleeps: 0, sleeps_next: SLEEPS_MIN }
    }

    /// Until when a wait that begins now looks. The last one tells: long jobs are slept for.
    pub(crate) fn until(&mut self, now: Instant) -> Option<Instant> {
        if self.sleeps > 0 {
            self.sleeps -= 1;
            return None;
        }
        self.sleeps_next = (self.sleeps_next - 1).max(SLEEPS_MIN);
        let worth = !self.max.is_zero() && self.last <= self.max * WORTH;
        worth.then(|| now + self.max)
    }

    /// Lets others have the processor between a look at `now` and the next one.
    pub(crate) fn give_way(&mut self, now: Instant) {
        thread::yield_now();
        self.gave_way(clock::now().saturating_duration_since(now));
    }

    fn gave_way(&mut self, took: Duration) {
        if took > LATE {
            self.sleeps = self.sleeps_next;
            self.sleeps_next = (self.sleeps_next * 2).min(SLEEPS_MAX);
        }
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
        Spin { max, last: Duration::ZERO, sleeps: 0, sleeps_next: SLEEPS_MIN }
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
    fn it_sleeps_for_many_waits_where_others_need_the_processors() {
        let (now, mut spin) = (Instant::now(), spin(SPIN));
        for sleeps in [SLEEPS_MIN, SLEEPS_MIN * 2 - 2] {
            spin.gave_way(LATE);
            assert!(spin.until(now).is_some());
            spin.gave_way(LATE + Duration::from_nanos(1));
            assert!((0..sleeps).all(|_| spin.until(now).is_none()));
            assert!(spin.until(now).is_some());
        }
        spin.sleeps_next = SLEEPS_MAX;
        spin.gave_way(LATE * 2);
        assert_eq!((spin.sleeps, spin.sleeps_next), (SLEEPS_MAX, SLEEPS_MAX));
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
