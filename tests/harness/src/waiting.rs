//! Waiting for a condition, with a bound that only keeps a broken test from hanging.

use std::thread;
use std::time::{Duration, Instant};

/// Far longer than any condition takes, also on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// Waits until the condition gives something.
///
/// # Panics
/// It does not within a minute.
#[track_caller]
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        thread::sleep(LOOK_AGAIN_AFTER);
    }
}

/// Waits until the condition holds.
///
/// # Panics
/// It does not within a minute.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    eventually(what, || condition().then_some(()));
}
