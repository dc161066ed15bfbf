//! Under which conditions everything is measured.

use std::time::Duration;

/// The same for all contenders of one repeat.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    /// Worker processes, or threads where there are no processes.
    pub(crate) workers: usize,
    /// Bytes of the payload of the small echo.
    pub(crate) payload_bytes: usize,
    /// How long it is measured.
    pub(crate) window: Duration,
    /// How long it runs before that.
    pub(crate) warm_up: Duration,
    /// Jobs a second, where the rate is fixed.
    pub(crate) rate: f64,
    /// Which repeat this is, from 0: sequences drawn by lot are drawn anew in each.
    pub(crate) repeat: u64,
}

impl Default for Conditions {
    fn default() -> Conditions {
        Conditions {
            workers: powerhose::cores(),
            payload_bytes: 64,
            window: Duration::from_secs(1),
            warm_up: Duration::from_millis(300),
            rate: 20_000.0,
            repeat: 0,
        }
    }
}
