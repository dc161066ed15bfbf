//! How long to wait for somebody else. Only the time in which this process ran counts: whoever was paused together with the one
//! that it waits for gets the rest of the time afterwards.

use super::clock;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Between two looks at the clock: a pause is what lies between them beyond that.
const LOOK: Duration = Duration::from_millis(250);

/// The time that is left to somebody.
#[derive(Debug)]
pub(crate) struct Patience {
    left: Duration,
    looked_at: Instant,
    /// How long the present sleep was to take.
    asked: Duration,
}

impl Patience {
    pub(crate) fn new(within: Duration) -> Patience {
        Patience { left: within, looked_at: clock::now(), asked: LOOK }
    }

    /// What is left now.
    pub(crate) fn left(&mut self) -> Duration {
        let now = clock::now();
        let passed = now.saturating_duration_since(self.looked_at).min(self.asked);
        self.left = self.left.saturating_sub(passed);
        self.looked_at = now;
        self.asked = self.left.min(LOOK);
        self.left
    }

    /// How long to sleep until the next call; nothing once the time is over.
    pub(crate) fn next_sleep(&mut self) -> Option<Duration> {
        let left = self.left();
        (!left.is_zero()).then_some(left.min(LOOK))
    }

    /// Waits for what comes through a channel.
    pub(crate) fn receive<T>(&mut self, receiver: &Receiver<T>) -> Result<T, RecvTimeoutError> {
        while let Some(sleep) = self.next_sleep() {
            match receiver.recv_timeout(sleep) {
                Err(RecvTimeoutError::Timeout) => {}
                received => return received,
            }
        }
        receiver.recv_timeout(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The looks that it takes until the time is over, if each sleep takes so much longer than it was asked to.
    fn looks(within: Duration, late: Duration) -> usize {
        let mut now = Instant::now();
        clock::stand_at(now);
        let mut patience = Patience::new(within);
        let mut looks = 0;
        while let Some(sleep) = patience.next_sleep() {
            now += sleep + late;
            clock::stand_at(now);
            looks += 1;
        }
        looks
    }

    #[test]
    fn the_time_is_over_when_it_was_waited_for() {
        assert_eq!(looks(SECOND, Duration::ZERO), 4);
        assert_eq!(looks(SECOND / 10, Duration::ZERO), 1);
        assert_eq!(looks(Duration::ZERO, Duration::ZERO), 0);
    }

    #[test]
    fn pauses_do_not_count() {
        assert_eq!(looks(SECOND, 100 * SECOND), 4);
    }
}
