//! The time, by a clock that all processes of a run share and that no program can set.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Nanoseconds of CLOCK_MONOTONIC, which is the same in every process of a machine.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// For "until the end", where that is not known yet.
    pub(crate) const NEVER: Moment = Moment(u64::MAX);

    pub(crate) fn now() -> Moment {
        let now = clock_gettime(ClockId::Monotonic);
        Moment(now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs())
    }

    /// From an earlier moment to this one; zero if it was not earlier.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn plus(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(nanoseconds(time)))
    }

    pub(crate) fn minus(self, time: Duration) -> Moment {
        Moment(self.0.saturating_sub(nanoseconds(time)))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
