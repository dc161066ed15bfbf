//! Keeps what a hostile peer provokes from filling the log.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(10);
const PER_WINDOW: u32 = 10;

/// Lets ten lines through in ten seconds and counts the others.
#[derive(Default)]
pub(crate) struct Limiter {
    began: Option<Instant>,
    passed: u32,
    suppressed: u64,
}

impl Limiter {
    /// Whether to log: if so, how many lines were left out since the last.
    pub(crate) fn pass(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            self.began = Some(now);
            self.passed = 0;
        }
        if self.passed == PER_WINDOW {
            self.suppressed += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}
