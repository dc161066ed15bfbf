//! What can be asked of a master, and told to it.

use super::wire::*;
use crate::Value;

wire_struct! {
    /// A question about the master's state.
    Status<'a> {
        /// The session.
        session: u64,
        /// `master`, `workers` or `pools`; or what a page named as the next query.
        query: &'a str,
    }
}

wire_struct! {
    /// The answer to a STATUS.
    State<'a> {
        /// The session.
        session: u64,
        /// The question.
        query: &'a str,
        /// The answer, a map: all of it, or a page that names the next one (see [`Pages`](crate::Pages)).
        state: Value,
    }
}

wire_struct! {
    /// An order to the master.
    Control<'a> {
        /// The session.
        session: u64,
        /// The sender's number for it.
        id: u64,
        /// `quiet`, `resume`, `drain` or `stop`.
        verb: &'a str,
        /// Whom: `all`, `pool:NAME`, or a worker's id.
        selector: &'a str,
        /// How long it may take.
        within_ms: u64,
    }
}

wire_struct! {
    /// How far a CONTROL has come.
    Controlled {
        /// The session.
        session: u64,
        /// The number of the CONTROL.
        id: u64,
        /// What is done and what is left, a map.
        progress: Value,
    }
}
