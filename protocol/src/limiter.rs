//! Keeps what a hostile peer provokes from filling the log.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(10);
const PER_WINDOW: u32 = 10;

/// Lets so many lines through in ten seconds and counts the others: ten, unless it is told another number.
#[derive(Debug)]
pub struct Limiter {
    per_window: u32,
    began: Option<Instant>,
    passed: u32,
    suppressed: u64,
}

impl Limiter {
    /// Lets so many lines through in ten seconds.
    pub fn new(per_window: u32) -> Limiter {
        Limiter { per_window, began: None, passed: 0, suppressed: 0 }
    }

    /// Whether to log: if so, how many lines were left out since the last.
    pub fn pass(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            self.began = Some(now);
            self.passed = 0;
        }
        if self.passed == self.per_window {
            self.suppressed += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

impl Default for Limiter {
    fn default() -> Limiter {
        Limiter::new(PER_WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_in_ten_seconds_and_the_next_says_how_many_did_not() {
        let (mut limiter, now) = (Limiter::new(2), Instant::now());
        let passed =
            [0, 1, 2, 9_999, 10_000, 10_001].map(|after| limiter.pass(now + Duration::from_millis(after)));
        assert_eq!(passed, [Some(0), Some(0), None, None, Some(2), Some(0)]);
    }
}
