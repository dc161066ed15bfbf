//! What is said where no file is left for those who connect: at WARN, but not each time.

use std::fmt::Display;
use std::time::{Duration, Instant};
use tracing::warn;

/// In so much time one line is written.
const QUIET_FOR: Duration = Duration::from_secs(10);

/// Says it.
#[derive(Debug, Default)]
pub(crate) struct Shortage {
    told: Option<Instant>,
    /// Since the last line.
    left_out: u64,
}

impl Shortage {
    /// Nobody could be accepted, for this reason.
    pub(crate) fn note(&mut self, error: impl Display) {
        let now = Instant::now();
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < QUIET_FOR) {
            self.left_out += 1;
            return;
        }
        let left_out = std::mem::take(&mut self.left_out);
        warn!(%error, left_out, "a peer that connects cannot be accepted: is there a file left to open?");
        self.told = Some(now);
    }
}
