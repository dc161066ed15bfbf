//! What an operator can say, and what comes of it.

use crate::runner::face::connect_error::ConnectError;
use powerhose_protocol::Value;
use std::fmt;
use std::time::Duration;

/// What a worker can be told through its master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Gets no further jobs.
    Quiet,
    /// Gets jobs again.
    Resume,
    /// Gets no further jobs; has had its effect when the worker has none left.
    Drain,
    /// Finishes what it has and exits.
    Stop,
}

/// Whom an order is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every worker that is registered now.
    All,
    /// Those that offer this pool.
    Pool(String),
    /// The one with this id.
    Worker(u64),
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Workers that it was for.
    pub matched: u64,
    /// Those on which it has not had its effect.
    pub left: u64,
}

/// Why an operator has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// There is no master any longer, or it wants nothing to do with us.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The master refused the question or the order.
    #[error("the master refused: {text} ({code})")]
    Refused {
        /// For programs.
        code: String,
        /// For people.
        text: String,
    },
    /// The connection ended before the order had its effect.
    #[error("the master on {endpoint} is gone; nobody knows how far the order came")]
    Gone {
        /// Where it was.
        endpoint: String,
    },
    /// The master lives and does not answer.
    #[error("the master on {endpoint} did not answer within {} ms", within.as_millis())]
    Silent {
        /// Where it is.
        endpoint: String,
        /// How long it was waited.
        within: Duration,
    },
}

impl Order {
    pub(super) fn verb(self) -> &'static str {
        match self {
            Order::Quiet => "quiet",
            Order::Resume => "resume",
            Order::Drain => "drain",
            Order::Stop => "stop",
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::All => f.write_str("all"),
            Selector::Pool(pool) => write!(f, "pool:{pool}"),
            Selector::Worker(id) => write!(f, "{id}"),
        }
    }
}

impl Progress {
    pub(super) fn read(progress: &Value) -> Progress {
        let number = |name| progress.field(name).and_then(Value::as_unsigned).unwrap_or(0);
        Progress { matched: number("matched"), left: number("left") }
    }
}
