//! What a peer says in a PING of its own silence.

use std::time::{Duration, Instant};

/// A peer will send something within a time, or else be gone. Kept as soon as something comes.
pub(super) struct Promise {
    until: Instant,
    kept: bool,
}

/// What became of a promise whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promised {
    Kept,
    Broken,
}

impl Promise {
    pub(super) fn new(within: Duration) -> Promise {
        Promise { until: Instant::now() + within, kept: false }
    }

    /// Something came.
    pub(super) fn keep(&mut self) {
        self.kept = true;
    }

    /// None as long as its time is not over.
    pub(super) fn outcome(&self) -> Option<Promised> {
        let outcome = if self.kept { Promised::Kept } else { Promised::Broken };
        (self.until <= Instant::now()).then_some(outcome)
    }
}
