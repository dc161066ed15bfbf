//! Why a worker could not start, or had to end.

use powerhose_protocol::{CurveError, Endpoint, EndpointError, SecretError};
use std::fmt;
use std::time::Duration;

/// Why a worker could not start, or had to end. Cheap to clone. Its `Debug` is its text too, so that a `main` that returns
/// it ends with that.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The endpoint cannot be read.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The environment does not say where the master is.
    #[error(
        "the environment variable {variable} is not set: it tells a worker where its master is. Whoever starts workers \
         sets it: `powerhose run -- ./this-program`"
    )]
    NoEndpoint {
        /// The variable.
        variable: &'static str,
    },
    /// The file that should hold the shared secret holds none.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The file that should hold the CURVE keys does not.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// Encryption was asked for, and this libzmq was built without it.
    #[error(
        "CURVE was asked for, and libzmq was built without it: see SECURITY.md for the build that has it"
    )]
    NoCurve,
    /// A pool that cannot be offered.
    #[error("the pool `{pool}` cannot be offered: {reason}")]
    BadPool {
        /// Its name as given.
        pool: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Labels over the protocol's bounds.
    #[error("a worker can have {count_max} labels with {bytes_max} bytes, these are {count} with {bytes}")]
    TooManyLabels {
        /// How many there are.
        count: usize,
        /// How many there may be.
        count_max: usize,
        /// Bytes of all names and values.
        bytes: usize,
        /// Bytes they may have.
        bytes_max: usize,
    },
    /// Nothing was heard from a master for as long as the worker is willing to wait.
    #[error("no master answered at {endpoint} for {after:?}")]
    MasterUnreachable {
        /// Where.
        endpoint: Endpoint,
        /// How long it waited.
        after: Duration,
    },
    /// The master does not take this worker, and trying again would not help.
    #[error("the master at {endpoint} refused this worker: {code}: {text}")]
    Refused {
        /// Where.
        endpoint: Endpoint,
        /// Why, for programs: the master's code (`version`, …) or `authentication`.
        code: String,
        /// Why, for people.
        text: String,
    },
    /// The next job was asked for before the last one was answered.
    #[error(
        "the next job was asked for before the last one was finished: a worker runs one job after the other"
    )]
    Unfinished,
    /// ZeroMQ or the system refused something that a worker needs.
    #[error("cannot {action}: {reason}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What came of it.
        reason: String,
    },
}

impl fmt::Debug for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl WorkerError {
    pub(crate) fn system(action: &'static str, reason: impl std::fmt::Display) -> WorkerError {
        WorkerError::System { action, reason: reason.to_string() }
    }

    /// Whether it can help to start again later: the master was not there.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, WorkerError::MasterUnreachable { .. })
    }

    /// Whether the master does not want this worker.
    pub fn is_refused(&self) -> bool {
        matches!(self, WorkerError::Refused { .. })
    }
}
