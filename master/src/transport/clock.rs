//! The only clock. Everything else is told what time it is.

use std::time::Instant;

/// What time it is.
pub(crate) fn now() -> Instant {
    Instant::now()
}
