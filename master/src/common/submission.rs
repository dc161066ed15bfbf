//! A job as its caller hands it over.

use super::Headers;
use bytes::Bytes;
use std::time::Duration;

/// A job as its caller hands it over.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Which workers can run it.
    pub pool: Box<str>,
    /// Its bytes.
    pub payload: Bytes,
    /// For the worker.
    pub headers: Headers,
    /// How long the caller waits; the master's default if none.
    pub timeout: Option<Duration>,
    /// How often it may be charged for a worker's death; the master's default if none.
    pub attempts_max: Option<u32>,
    /// Whether it must never be dispatched a second time.
    pub repeat: Repeat,
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
