//! The only clock. Everything else is told what time it is.

use std::time::Instant;

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
