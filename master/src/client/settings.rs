//! What a client keeps to.

use crate::common::Settings;
use std::time::Duration;

/// How a client introduces itself that is a runner.
const SOFTWARE: &str = concat!("powerhose-master/", env!("CARGO_PKG_VERSION"));

/// What a client keeps to. The defaults are those of the master.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How the client introduces itself, in the master's logs.
    pub software: &'static str,
    /// How long the master may be silent.
    pub silence_max: Duration,
    /// Jobs that may wait for a session.
    pub queue_jobs_max: usize,
    /// Bytes of payload that may wait for a session.
    pub queue_bytes_max: usize,
}

impl Default for ClientSettings {
    fn default() -> ClientSettings {
        let Settings { silence_max, queue_jobs_max, queue_bytes_max, .. } = Settings::default();
        ClientSettings { software: SOFTWARE, silence_max, queue_jobs_max, queue_bytes_max }
    }
}
