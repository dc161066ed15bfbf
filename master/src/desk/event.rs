//! What goes into the desk and what comes out: its specification.

use crate::WorkerExit;
use crate::common::{Notice, Outcome, Submission};
use bytes::Bytes;
pub use powerhose_wires::Route;
use std::time::Duration;

/// Something happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A message came in: its header frame and its payload frames. The dispatcher takes the payloads out.
    Received {
        /// Who sent it.
        route: Route,
        /// The header frame, whatever bytes it holds.
        header: &'a [u8],
        /// The frames behind it.
        payloads: &'a mut Vec<Bytes>,
    },
    /// A caller in this process submits a job. It ends with exactly one [`Action::Complete`] unless it is abandoned.
    Submit {
        /// The caller's number for it; never used twice.
        call: u64,
        /// The job.
        submission: Submission,
    },
    /// A caller in this process no longer waits. No [`Action::Complete`] follows.
    Abandon {
        /// The caller's number.
        call: u64,
    },
    /// The connection has ended. All that came over it has been handed in before.
    Ended {
        /// Which.
        route: Route,
    },
    /// The connection may have ended: find out.
    Suspected {
        /// Which.
        route: Route,
    },
    /// A process was started whose end will be told with [`Event::Exited`].
    Supervised {
        /// Its process id on this host.
        pid: u32,
    },
    /// A process that was told with [`Event::Supervised`] has ended.
    Exited {
        /// Its process id.
        pid: u32,
        /// How.
        exit: WorkerExit,
    },
    /// Accept no further jobs; end those that are left when this time is over.
    Close {
        /// How long accepted jobs may take.
        within: Duration,
    },
}

/// Something is to be done.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// Hand this message to the connection.
    Send {
        /// To whom.
        route: Route,
        /// The header frame.
        header: Vec<u8>,
        /// The payload frames.
        payloads: Vec<Bytes>,
    },
    /// End the connection, if it is still there: its peer does nothing but harm.
    Cut {
        /// Which.
        route: Route,
    },
    /// A caller's job has ended.
    Complete {
        /// The caller's number, from [`Event::Submit`].
        call: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something that a subscriber may want to know.
    Notify(Notice),
    /// After [`Event::Close`]: nothing is left to wait for, and every peer has been told.
    Closed,
}
