//! Why a job was refused.

use std::time::Duration;

/// Why a job was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// As many jobs wait as may.
    QueueFull {
        /// How many that is.
        jobs_max: u64,
    },
    /// As many bytes wait as may.
    QueueBytesFull {
        /// How many that is.
        bytes_max: u64,
    },
    /// It could not begin before its deadline, at the pace at which its pool's workers run jobs.
    Overload {
        /// When a job with as long a timeout could, if nothing else came.
        retry_after: Duration,
    },
    /// No worker offers the pool, and none has come in time.
    NoWorkers {
        /// The pool that was asked for.
        pool: Box<str>,
        /// The pools that workers offer, joined by `, `.
        offered: Box<str>,
    },
    /// The payload is over the master's bound.
    PayloadTooLarge {
        /// Bytes it has.
        bytes: u64,
        /// Bytes it may have.
        bytes_max: u64,
    },
    /// The headers are over the protocol's bounds.
    BadHeaders {
        /// Which bound.
        reason: Box<str>,
    },
    /// No pool can have this name.
    BadPool {
        /// The name.
        pool: Box<str>,
    },
    /// More pools are asked for than the master keeps.
    PoolsMax {
        /// How many it keeps.
        pools_max: u64,
    },
    /// The runner is closed, or closing.
    Closed,
    /// The process was forked: a runner belongs to the process that made it.
    Forked,
    /// The master wants nothing to do with this client.
    Refused {
        /// Why, for programs.
        code: Box<str>,
        /// Why, for people.
        text: Box<str>,
    },
    /// A number of a call was used twice, or a timeout is out of bounds.
    BadCall {
        /// What is wrong.
        reason: Box<str>,
    },
}

impl Rejection {
    /// Every code that a master counts.
    pub(crate) const CODES: [&'static str; 11] = [
        "queue_full",
        "queue_bytes",
        "overload",
        "no_workers",
        "payload_too_large",
        "bad_headers",
        "bad_pool",
        "pools_max",
        "closed",
        "forked",
        "bad_call",
    ];

    /// The word for it, for programs: on the wire and in metrics.
    pub fn code(&self) -> &'static str {
        self.to_wire().0
    }

    /// Its code, its text and its number on the wire.
    pub(crate) fn to_wire(&self) -> (&'static str, &str, Option<u64>) {
        match self {
            Rejection::QueueFull { jobs_max } => ("queue_full", "", Some(*jobs_max)),
            Rejection::QueueBytesFull { bytes_max } => ("queue_bytes", "", Some(*bytes_max)),
            Rejection::Overload { retry_after } => {
                ("overload", "", Some(retry_after.as_millis().try_into().unwrap_or(u64::MAX)))
            }
            Rejection::NoWorkers { offered, .. } => ("no_workers", offered, None),
            Rejection::PayloadTooLarge { bytes_max, .. } => ("payload_too_large", "", Some(*bytes_max)),
            Rejection::BadHeaders { reason } => ("bad_headers", reason, None),
            Rejection::BadPool { .. } => ("bad_pool", "", None),
            Rejection::PoolsMax { pools_max } => ("pools_max", "", Some(*pools_max)),
            Rejection::Closed => ("closed", "", None),
            Rejection::Forked => ("forked", "", None),
            Rejection::Refused { text, .. } => ("refused", text, None),
            Rejection::BadCall { reason } => ("bad_call", reason, None),
        }
    }
}
