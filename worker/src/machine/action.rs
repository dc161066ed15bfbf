//! What the machine hands out: actions, jobs, and how it all ended.

use powerhose_protocol::JobId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the shell around the machine has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<P> {
    /// Send this message: the header frame, then the payload frames. If there is no connection to send it on, say so by
    /// [`handle_disconnected`](crate::machine::Machine::handle_disconnected).
    Send {
        /// The header frame.
        header: Vec<u8>,
        /// One frame for every entry.
        payloads: Vec<P>,
    },
    /// Nobody waits for the running job any longer: tell its handler.
    CancelRunning,
    /// The running job has gone on for the whole grace after its deadline, or after it was cancelled where somebody has asked
    /// for that: the process has to end, since a thread cannot.
    Overrun {
        /// The job.
        job: JobId,
        /// Which dispatch of it.
        attempt: u64,
        /// Its pool.
        pool: Arc<str>,
        /// How long it has been running.
        running_for: Duration,
        /// What it is taken for.
        overrun: Overrun,
    },
}

/// What a run is taken for that goes on too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overrun {
    /// A handler that hangs: somebody should look where.
    Hang,
    /// A run that nobody waits for any longer; its pool or its job asked that it ends.
    Unwanted,
}

/// A job on its way to the handler.
#[derive(Debug, PartialEq, Eq)]
pub struct Work<P> {
    /// The job.
    pub job: JobId,
    /// Which dispatch of it this is, from 1.
    pub attempt: u64,
    /// The pool.
    pub pool: Arc<str>,
    /// When its caller gives up.
    pub deadline: Instant,
    /// [`FLAG_ONCE`](powerhose_protocol::FLAG_ONCE) and whatever flags later versions add.
    pub flags: u64,
    /// The caller's headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its bytes.
    pub payload: P,
}

/// How a handler ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<P> {
    /// With a reply.
    Done {
        /// Its bytes.
        payload: P,
        /// Its headers, in order.
        headers: Vec<(String, Vec<u8>)>,
    },
    /// With an error.
    Failed {
        /// For programs: at most [`CODE_BYTES_MAX`](powerhose_protocol::limits::CODE_BYTES_MAX) bytes.
        code: String,
        /// For people: at most [`TEXT_BYTES_MAX`](powerhose_protocol::limits::TEXT_BYTES_MAX) bytes.
        text: String,
    },
}

/// How the machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to [leave](crate::machine::Machine::leave), and has.
    Left,
    /// The master told it to go.
    Stopped {
        /// `stop` or `drain`.
        code: String,
        /// Why, for people.
        text: String,
    },
    /// Nothing was heard from the master for `silence_max`.
    Unreachable,
    /// The master refused it for a reason that does not pass.
    Refused {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        text: String,
    },
}
