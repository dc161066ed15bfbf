//! A job as its caller hands it over.

use super::Headers;
use bytes::Bytes;
use std::borrow::Cow;
use std::time::Duration;

/// A job as its caller hands it over.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Which workers can run it.
    pub pool: Cow<'static, str>,
    /// Its bytes.
    pub payload: Bytes,
    /// For the worker.
    pub headers: Headers,
    /// How long the caller waits; the master's default if none.
    pub timeout: Option<Duration>,
    /// From when that counts.
    pub clock: Clock,
    /// How often it may be charged for a worker's death; the master's default if none.
    pub attempts_max: Option<u32>,
    /// Whether it must never be dispatched a second time.
    pub repeat: Repeat,
}

/// From when a job's timeout counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Clock {
    /// From its submission: waiting for a worker counts.
    #[default]
    FromSubmission,
    /// From when a worker is given it; anew if another one is. It may wait for a worker as long as it has to.
    FromDispatch,
}

/// Whether a job may be dispatched again when its worker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Repeat {
    /// As often as its attempts allow: it is a function of its payload.
    #[default]
    Allowed,
    /// Never: it ends as lost.
    Never,
}
