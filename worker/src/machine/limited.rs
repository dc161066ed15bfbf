//! Warnings that a broken peer could repeat without end, logged at a limited rate.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Between two lines.
const INTERVAL: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct LimitedLog {
    quiet_until: Option<Instant>,
    suppressed: u64,
}

impl LimitedLog {
    /// Logs it, or counts it if it comes too soon after the last.
    pub(super) fn note(&mut self, now: Instant, what: &dyn Display) {
        if self.quiet_until.is_some_and(|until| now < until) {
            self.suppressed += 1;
            return;
        }
        tracing::warn!(suppressed_before = self.suppressed, "from the master: {what}");
        self.quiet_until = Some(now + INTERVAL);
        self.suppressed = 0;
    }
}
