//! Jobs that cannot begin before their deadline are refused at once: their callers have the time to do something else, and
//! nobody waits for nothing.
//!
//! It is judged by the pace at which the pool's workers ran the last jobs, when a job comes in and, for those that wait,
//! from the last one on when runs end.

use super::Dispatcher;
use super::keys::{PeerKey, PoolKey};
use crate::common::{Ending, Overload, Rejection};
use std::time::Duration;
use tracing::debug;

/// A job may be given up once it would need more than this many quarters of the time that it has, and so much besides: in
/// a few milliseconds, how processes are scheduled says more than any average.
const QUARTERS: u32 = 5;
const SLACK: Duration = Duration::from_millis(100);
/// Waiting jobs of a pool are not judged more often than this, so that judging costs little however short the runs are.
const JUDGED_EVERY: Duration = Duration::from_millis(10);
/// How many of them are given up at once at most: more would hold the others up.
const GIVEN_UP_MAX: usize = 512;

impl Dispatcher {
    /// Whether a new job of this client could begin within this time, where others wait.
    ///
    /// # Errors
    /// It could not.
    pub(super) fn check_pace(
        &self,
        pool: PoolKey,
        client: PeerKey,
        within: Duration,
    ) -> Result<(), Rejection> {
        // If it could behind all others, nobody need ask who goes before whom.
        let waiting = self.queue.waiting_in(pool);
        if self.settings.overload == Overload::Wait || self.lateness(pool, waiting, within).is_none() {
            return Ok(());
        }
        match self.lateness(pool, self.queue.ahead_of(pool, client), within) {
            Some(retry_after) => Err(Rejection::Overload { retry_after }),
            None => Ok(()),
        }
    }

    /// A run of the pool ended, and jobs wait: gives up waiting jobs that cannot begin in time, the last ones first.
    pub(super) fn give_up_hopeless(&mut self, pool: PoolKey) {
        if self.settings.overload == Overload::Wait
            || !self.fleet.is_to_be_judged(pool, self.clock.moment(), JUDGED_EVERY)
        {
            return;
        }
        for _ in 0..GIVEN_UP_MAX {
            let Some((key, ahead)) = self.queue.last_of(pool) else { return };
            let left = self.queue[key].deadline.since(self.clock.moment());
            let Some(retry_after) = self.lateness(pool, ahead, left) else { return };
            debug!(parent: self.queue[key].span(), ahead, "it could not begin in time");
            self.finish(key, Ending::Rejected(Rejection::Overload { retry_after }), Duration::ZERO);
        }
    }

    /// How long after its time a job begins before which so many wait. Nothing if it may begin in time.
    fn lateness(&self, pool: PoolKey, ahead: usize, time: Duration) -> Option<Duration> {
        let wait = self.fleet.until_begun(pool, ahead)?;
        // What is below needs divisions, and nearly all begin in time.
        if wait <= time {
            return None;
        }
        (wait > time / 4 * QUARTERS + SLACK).then(|| wait.saturating_sub(time))
    }
}
