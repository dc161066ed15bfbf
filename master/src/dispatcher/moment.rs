//! A point in time in half the bytes of an `Instant`: there may be a million jobs, and each has some.

use std::time::{Duration, Instant};

/// Nanoseconds since the dispatcher was made: enough for centuries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// What the instant is on a clock that began at `start`.
    pub(crate) fn of(instant: Instant, start: Instant) -> Moment {
        Moment(nanoseconds(instant.saturating_duration_since(start)))
    }

    /// What it will be when so much time has passed.
    pub(crate) fn after(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(nanoseconds(time)))
    }

    /// How long after `earlier` it is; nothing if it is not.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into())
}
