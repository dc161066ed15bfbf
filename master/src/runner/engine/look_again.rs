//! Whether a loop that has nothing to do sleeps at once, or looks again for a moment.
//!
//! Where jobs come by the hundred thousand a second, the next is there before a sleep has begun: a wake-up costs both threads
//! more than a few looks. Where jobs come more slowly, a look would find nothing.

use super::spin::Spin;
use crate::wires::clock;
use std::time::{Duration, Instant};

/// How long it looks: the next of them comes in a few microseconds, or after somebody else was woken for it.
const LOOK_FOR: Duration = Duration::from_micros(50);
/// Commands and messages that come more often than this, on average, are waited for awake. A job is two of them: that is
/// some 50,000 jobs a second.
const RUSH: Duration = Duration::from_micros(10);

/// See the module.
#[derive(Debug)]
pub(crate) struct LookAgain {
    spin: Spin,
    /// Until when it looks. None while there is something to do.
    until: Option<Instant>,
    /// When it last had nothing to do, and how much had come by then.
    since: Option<Instant>,
    come: u64,
    /// Between one coming and the next: an average in which older ones count less and less.
    gap: Duration,
}

impl LookAgain {
    pub(crate) fn new() -> LookAgain {
        LookAgain { spin: Spin::new(LOOK_FOR), until: None, since: None, come: 0, gap: Duration::MAX }
    }

    /// There is something to do.
    pub(crate) fn has_work(&mut self) {
        self.until = None;
    }

    /// There is nothing to do; so much has come so far. Whether to look again; if not, to sleep.
    pub(crate) fn looks_again(&mut self, come: u64) -> bool {
        let now = clock::now();
        let until = match self.until {
            Some(until) => Some(until),
            None => self.begin(now, come),
        };
        self.until = until.filter(|until| *until > now);
        if self.until.is_some() {
            self.spin.give_way(now);
        }
        self.until.is_some()
    }

    fn begin(&mut self, now: Instant, come: u64) -> Option<Instant> {
        let passed = self.since.map(|since| now.saturating_duration_since(since));
        let news = u32::try_from(come - self.come).unwrap_or(u32::MAX);
        (self.since, self.come) = (Some(now), come);
        let gap = passed?.checked_div(news)?;
        self.gap = if self.gap == Duration::MAX { gap } else { (self.gap * 3 + gap) / 4 };
        if self.gap <= RUSH { self.spin.until(now) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loop that takes in `come` things every `every`.
    struct Bench {
        look_again: LookAgain,
        now: Instant,
        come: u64,
    }

    impl Bench {
        fn new() -> Bench {
            Bench { look_again: LookAgain::new(), now: Instant::now(), come: 0 }
        }

        fn idle(&mut self, come: u64, after: Duration) -> bool {
            self.now += after;
            self.come += come;
            self.look_again.has_work();
            self.looks_again(Duration::ZERO)
        }

        fn looks_again(&mut self, after: Duration) -> bool {
            self.now += after;
            clock::stand_at(self.now);
            self.look_again.looks_again(self.come)
        }
    }

    #[test]
    fn it_sleeps_where_little_comes() {
        let mut bench = Bench::new();
        assert!((0..100).all(|_| !bench.idle(1, RUSH + Duration::from_nanos(1))));
    }

    #[test]
    fn it_looks_for_a_while_where_much_comes() {
        let mut bench = Bench::new();
        bench.idle(0, Duration::ZERO);
        assert!((0..100).all(|_| bench.idle(10, RUSH * 10)));
        assert!(bench.looks_again(LOOK_FOR - Duration::from_nanos(1)));
        assert!(!bench.looks_again(Duration::from_nanos(1)));
    }

    #[test]
    fn one_long_sleep_ends_the_rush_and_soon_it_begins_again() {
        let mut bench = Bench::new();
        bench.idle(0, Duration::ZERO);
        assert!(bench.idle(100, RUSH * 100));
        assert!(!bench.idle(1, Duration::from_secs(1)));
        let sleeps = (0..).take_while(|_| !bench.idle(100, RUSH * 10)).count();
        assert!((1..60).contains(&sleeps), "{sleeps}");
    }

    #[test]
    fn nothing_that_came_is_no_rush() {
        let mut bench = Bench::new();
        assert!((0..100).all(|_| !bench.idle(0, Duration::from_nanos(1))));
    }
}
