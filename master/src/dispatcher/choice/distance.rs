//! How far a worker is: what the way to it and back takes, measured where it had nothing else to do.

use std::time::Duration;

/// From a worker's reply over the master to its next job while every core is busy with jobs, so that nobody on the way
/// runs at once: what a stock of jobs has to bridge for a worker nearby. Measured in `powerhose-bench`'s W3 on a two-core
/// machine: 200 µs are too few, and beyond this nothing is gained.
const NEAR: Duration = Duration::from_micros(1500);
/// Whoever is further away than this counts as being so far.
const FARTHEST: Distance = Distance(7);
/// So many ways in a row have to be longer than what was known, for a worker to be taken for one further away: a worker
/// whose process waits for a core now and then is near.
const WINDOW: u32 = 32;

/// How far a worker is, in doublings of the way to a near one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Distance(u8);

impl Distance {
    /// On this machine, or as near: nearly every worker, and one of which nothing is known.
    pub(crate) const NEAR: Distance = Distance(0);

    fn of(round_trip: Duration) -> Distance {
        (0..FARTHEST.0).map(Distance).find(|distance| distance.round_trip() >= round_trip).unwrap_or(FARTHEST)
    }

    /// The `index`th, the nearest first.
    pub(crate) fn at(index: usize) -> Distance {
        u8::try_from(index).map_or(FARTHEST, |doublings| Distance(doublings).min(FARTHEST))
    }

    /// Its place among all, the nearest first.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// What a stock of jobs has to bridge: no less than the way to the worker and back, and less than twice as much.
    pub(crate) fn round_trip(self) -> Duration {
        NEAR * self.times_near()
    }

    /// How many ways to a near worker that are.
    pub(crate) fn times_near(self) -> u32 {
        1 << self.0
    }
}

/// The shortest of the last ways to a worker and back: what a longer one took besides was waiting.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoundTrips {
    /// The shortest of the last whole window.
    before: Option<Duration>,
    /// The shortest of this one, and of how many it is.
    shortest: Option<Duration>,
    count: u32,
}

impl RoundTrips {
    /// The way took so long.
    pub(crate) fn record(&mut self, round_trip: Duration) {
        self.shortest = Some(self.shortest.map_or(round_trip, |shortest| shortest.min(round_trip)));
        self.count += 1;
        if self.count == WINDOW {
            *self = RoundTrips { before: self.shortest, shortest: None, count: 0 };
        }
    }

    /// How far the worker is.
    pub(crate) fn distance(&self) -> Distance {
        let Some(before) = self.before else { return Distance::NEAR };
        Distance::of(self.shortest.map_or(before, |shortest| shortest.min(before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(milliseconds: impl IntoIterator<Item = u64>) -> Distance {
        let mut ways = RoundTrips::default();
        milliseconds.into_iter().for_each(|way| ways.record(Duration::from_millis(way)));
        ways.distance()
    }

    /// A way that was as long so often that it is believed.
    fn known(milliseconds: u64) -> impl Iterator<Item = u64> {
        (0..WINDOW).map(move |_| milliseconds)
    }

    #[test]
    fn a_worker_of_which_little_is_known_is_near() {
        assert_eq!(after([]), Distance::NEAR);
        assert_eq!(after(known(20).skip(1)), Distance::NEAR, "it may have waited for a core each time");
    }

    #[test]
    fn the_way_is_bridged_and_less_than_twice_as_much() {
        for way in 2..=192 {
            let (way, bridged) = (Duration::from_millis(way), after(known(way)).round_trip());
            assert!(bridged >= way && bridged < way * 2, "{way:?} is bridged by {bridged:?}");
        }
        assert_eq!(after(known(3_600_000)), FARTHEST);
    }

    #[test]
    fn a_near_worker_that_waits_for_a_core_now_and_then_is_near() {
        assert_eq!(after([1, 20, 20, 20].repeat(100)), Distance::NEAR);
    }

    #[test]
    fn a_worker_is_further_away_once_two_windows_in_a_row_have_been_longer() {
        let longer = |count: u32| after([1].into_iter().chain((0..count).map(|_| 20)));
        assert_eq!(longer(2 * WINDOW - 2), Distance::NEAR);
        assert!(longer(2 * WINDOW) > Distance::NEAR);
    }
}
