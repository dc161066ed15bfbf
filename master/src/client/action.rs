//! What the client's machine wants done.

use crate::common::{Outcome, Stats, WorkerInfo};
use bytes::Bytes;
use powerhose_protocol::{JobId, Value};

/// Why the master refused something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: String,
    /// For people.
    pub text: String,
}

/// How far an order has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Course {
    /// So far: a map, as in CONTROLLED.
    Progress(Value),
    /// The master refused it.
    Refused(Refusal),
    /// The session ended, and nobody knows.
    Lost,
}

/// Something is to be done.
#[derive(Debug)]
pub enum ClientAction {
    /// Hand this message to the connection.
    Send {
        /// The header frame.
        header: Vec<u8>,
        /// The payload frames.
        payloads: Vec<Bytes>,
    },
    /// A call is now known to the master as this job.
    Named {
        /// The caller's number.
        call: u64,
        /// The job.
        job: JobId,
    },
    /// A call has ended.
    Complete {
        /// The caller's number.
        call: u64,
        /// What the master knew it as, if it was sent there.
        job: Option<JobId>,
        /// How it ended.
        outcome: Outcome,
    },
    /// The master has answered for the first time.
    Welcomed,
    /// The master wants nothing to do with us. It is asked no more.
    Refused(Refusal),
    /// Answers every question for the workers so far; none if the master refused to tell.
    Workers(Option<Vec<WorkerInfo>>),
    /// Answers every question for the stats so far; none if the master refused to tell, or its answer could not be read.
    Stats(Option<Box<Stats>>),
    /// Answers a [question of somebody's own](super::ClientMachine::ask).
    Told {
        /// The query.
        query: String,
        /// The state as the master told it, all pages together; or why it did not.
        state: Result<Value, Refusal>,
    },
    /// What has become of the last [order](super::ClientMachine::order).
    Ordered {
        /// Its number.
        order: u64,
        /// How far it has come.
        course: Course,
    },
    /// After [`close`](super::ClientMachine::close): nothing is left to wait for.
    Closed,
}
