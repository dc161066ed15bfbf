//! How a job ended.

use super::{Headers, Rejection, WorkerExit};
use bytes::Bytes;
use std::time::Duration;

/// How a job ended, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// Whether a worker may have begun it.
    pub may_have_run: bool,
    /// How often it was dispatched, less the times it came back unrun.
    pub attempts: u32,
    /// The worker that answered or died, if one had it.
    pub worker: Option<u64>,
    /// From its acceptance to its last dispatch, or to its end if it never was dispatched.
    pub wait: Duration,
    /// How long the handler ran.
    pub run: Duration,
}

/// The ends of a job as the dispatcher knows them. The sixth, cancelled, happens at the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// A reply.
    Done {
        /// Its bytes.
        payload: Bytes,
        /// The handler's headers.
        headers: Headers,
    },
    /// The handler gave an error.
    Failed {
        /// For programs.
        code: Box<str>,
        /// For people.
        text: Box<str>,
    },
    /// The deadline passed.
    TimedOut,
    /// The attempts are used up, or it must not be tried again.
    Lost(LostCause),
    /// It was refused.
    Rejected(Rejection),
}

impl Ending {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Ending::Done { .. } => "done",
            Ending::Failed { .. } => "failed",
            Ending::TimedOut => "timed_out",
            Ending::Lost(_) => "lost",
            Ending::Rejected(_) => "rejected",
        }
    }
}

/// What a job was lost with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostCause {
    /// Its worker's connection or heartbeats ended.
    Worker,
    /// Its worker's process ended in this way.
    WorkerExit(WorkerExit),
    /// The master ended.
    Master,
}
