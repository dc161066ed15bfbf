//! The only clock. Everything else is told what time it is.

use powerhose_protocol::limits::DURATION_MS_MAX;
use std::time::{Duration, Instant};

/// Longer than anybody waits. An instant much further ahead cannot be told.
const WAIT_MAX: Duration = Duration::from_millis(DURATION_MS_MAX);

/// When this much time will have passed, or a year.
pub(crate) fn in_time(wait: Duration) -> Instant {
    now() + wait.min(WAIT_MAX)
}

/// What time it is.
pub(crate) fn now() -> Instant {
    #[cfg(test)]
    if let Some(standing) = standing::still() {
        return standing;
    }
    Instant::now()
}

#[cfg(test)]
pub(crate) use standing::stand_at;

/// Tests hand the time in: the loop that they turn by hand must not see it pass.
#[cfg(test)]
mod standing {
    use std::cell::Cell;
    use std::time::Instant;

    thread_local! {
        static STANDING: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    pub(super) fn still() -> Option<Instant> {
        STANDING.get()
    }

    /// On this thread it is this time, until another is set.
    pub(crate) fn stand_at(instant: Instant) {
        STANDING.set(Some(instant));
    }
}
