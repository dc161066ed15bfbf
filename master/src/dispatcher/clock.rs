//! The time as it was handed in.

use std::time::{Duration, Instant};

/// The latest time that was handed in, in both of the forms that are needed.
pub(super) struct Clock {
    started: Instant,
    now: Instant,
    moment: Moment,
}

impl Clock {
    /// A clock that begins now.
    pub(super) fn new(now: Instant) -> Clock {
        Clock { started: now, now, moment: Moment::of(now, now) }
    }

    /// It is now as late as this, unless it was later already.
    pub(super) fn pass(&mut self, now: Instant) {
        if now > self.now {
            self.now = now;
            self.moment = Moment::of(now, self.started);
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    pub(super) fn moment(&self) -> Moment {
        self.moment
    }

    /// How long ago something was; nothing if it is still to come.
    pub(super) fn since(&self, earlier: Instant) -> Duration {
        self.now.saturating_duration_since(earlier)
    }

    /// How long ago it began.
    pub(super) fn uptime(&self) -> Duration {
        self.since(self.started)
    }
}

const NANOSECONDS_IN_MILLISECOND: u64 = 1_000_000;

/// A point in time in half the bytes of an `Instant`, because there may be a million jobs and each has some: nanoseconds
/// since the dispatcher was made, enough for centuries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// What the instant is on a clock that began at `start`.
    fn of(instant: Instant, start: Instant) -> Moment {
        Moment(nanoseconds(instant.saturating_duration_since(start)))
    }

    /// What it will be when so much time has passed.
    pub(crate) fn after(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(nanoseconds(time)))
    }

    /// Milliseconds since the dispatcher was made, a part of one left out.
    pub(crate) fn milliseconds(self) -> u64 {
        self.0 / NANOSECONDS_IN_MILLISECOND
    }

    /// The first millisecond that is not before it.
    pub(crate) fn milliseconds_up(self) -> u64 {
        self.0.div_ceil(NANOSECONDS_IN_MILLISECOND)
    }

    /// How long after `earlier` it is; nothing if it is not.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.nanoseconds_since(earlier))
    }

    /// The same as a number.
    pub(crate) fn nanoseconds_since(self, earlier: Moment) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A duration as a number; the greatest if it is longer.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into())
}
