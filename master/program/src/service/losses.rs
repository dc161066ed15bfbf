//! How many jobs had no reply because a stop came.

use powerhose::{JobRunner, Unanswered};
use std::time::{Duration, Instant};

/// A stop that reaches the workers too may be seen in them before it is seen here.
const BEFORE_SIGNAL: Duration = Duration::from_millis(250);

/// Counts them.
#[derive(Debug)]
pub(super) struct Losses {
    unanswered: Unanswered,
    before: Option<u64>,
}

impl Losses {
    pub(super) fn of(runner: &JobRunner) -> Losses {
        Losses { unanswered: runner.unanswered(), before: None }
    }

    /// A signal asked for the end, the first time.
    pub(super) fn told_to_end(&mut self, came: Instant) {
        let begun = came.checked_sub(BEFORE_SIGNAL).unwrap_or(came);
        self.before = Some(self.unanswered.jobs().saturating_sub(self.unanswered.since(begun)));
    }

    /// Those since then; none where no signal came.
    pub(super) fn jobs(&self) -> u64 {
        self.before.map_or(0, |before| self.unanswered.jobs() - before)
    }
}
