//! A client's jobs and how they ended.

use super::jobs::JobEnd;
use super::wire::*;
use crate::fields::MessageHeaders;

wire_struct! {
    /// One job of an EXECUTE message.
    CallEntry<'a> {
        /// The client's number for it: from 1, and never used before in this session.
        call: u64,
        /// The pool.
        pool: &'a str,
        /// Milliseconds until the caller gives up: 1 to [`DURATION_MS_MAX`](crate::limits::DURATION_MS_MAX).
        timeout_ms: u64,
        /// [`FLAG_ONCE`](crate::FLAG_ONCE).
        flags: u64,
        /// How often it may be charged for the death of a worker; the master's default if nil.
        attempts_max: Option<u64>,
        /// For the worker.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// A client's jobs. One payload frame each.
    Execute<'a> {
        /// The session.
        session: u64,
        /// The jobs.
        calls: Vec<CallEntry<'a>>,
    }
}

wire_struct! {
    /// How one call ended.
    OutcomeEntry<'a> {
        /// The client's number.
        call: u64,
        /// How it ended.
        end: JobEnd,
        /// Whether a worker may have begun it.
        may_have_run: bool,
        /// How often it was dispatched, less the times it came back unrun.
        attempts: u64,
        /// The worker that answered or died, if one had it.
        worker: Option<u64>,
        /// Microseconds it waited at the master.
        wait_us: u64,
        /// Microseconds the handler ran.
        run_us: u64,
        /// Failed: the handler's code. Lost and rejected: the cause. Else empty.
        code: &'a str,
        /// For people.
        text: &'a str,
        /// Lost with `exit` or `signal`: the number. Rejected: milliseconds after which a retry may help, or the bound.
        detail: Option<u64>,
        /// The handler's headers.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// How calls ended. One payload frame each, empty unless done.
    Outcomes<'a> {
        /// The session.
        session: u64,
        /// The outcomes.
        outcomes: Vec<OutcomeEntry<'a>>,
    }
}

wire_struct! {
    /// A client no longer waits for these calls; no OUTCOMES for them will be read.
    Abandon {
        /// The session.
        session: u64,
        /// The calls.
        calls: Vec<u64>,
    }
}
