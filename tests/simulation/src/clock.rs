//! The world's time: an instant that is only ever set, and compared with others.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// When every world begins.
///
/// An [`Instant`] can only be had from the clock. Which one it is makes no difference: nothing looks at more than the
/// time between two of them.
pub(crate) fn beginning() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "it is read once, and its value makes no difference")]
    *BEGINNING.get_or_init(|| Instant::now() + Duration::from_secs(3600))
}

/// How long the world has existed.
pub(crate) fn age(now: Instant) -> Duration {
    now.saturating_duration_since(beginning())
}
