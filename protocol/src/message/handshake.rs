//! How a session begins, lives and ends.

use super::wire::*;
use crate::fields::{Bin, Named};

wire_struct! {
    /// A peer introduces itself. This form is frozen for ever.
    Hello<'a> {
        /// [`MAGIC`](crate::MAGIC).
        magic: &'a str,
        /// The first version it speaks.
        version_min: u64,
        /// The last version it speaks.
        version_max: u64,
        /// [`ROLE_WORKER`](crate::ROLE_WORKER) or [`ROLE_CLIENT`](crate::ROLE_CLIENT).
        role: &'a str,
        /// Name and version of its software, for logs.
        software: &'a str,
        /// 32 random bytes if it wants to authenticate.
        nonce: Option<Bin<'a>>,
    }
}

wire_struct! {
    /// The master asks for the proof of a shared key.
    Challenge<'a> {
        /// The version chosen.
        version: u64,
        /// This run of this master.
        epoch: u64,
        /// 32 random bytes.
        nonce: Bin<'a>,
    }
}

wire_struct! {
    /// The proof: a MAC over HELLO and CHALLENGE.
    Proof<'a> {
        /// 32 bytes.
        mac: Bin<'a>,
    }
}

wire_struct! {
    /// The master opens a session.
    Welcome<'a> {
        /// The version chosen.
        version: u64,
        /// This run of this master.
        epoch: u64,
        /// This session; in every later message.
        session: u64,
        /// The peer's number: the worker's id, or the high bits of the ids of a client's jobs.
        peer: u64,
        /// The master's own proof, if the peer asked for one.
        mac: Option<Bin<'a>>,
        /// Bounds by name: `payload_bytes_max`, `batch_jobs_max`, `batch_bytes_max`.
        limits: Named<'a, u64>,
        /// Milliseconds by name: `heartbeat_ms`, `silence_ms`, `timeout_ms`. Peers read them in [`session`](crate::session).
        intervals: Named<'a, u64>,
        /// The master's process id.
        pid: u64,
        /// The master's own clock, in milliseconds since its start.
        sent_ms: u64,
    }
}

wire_struct! {
    /// The sender and its connection live. Says nothing of any job.
    Heartbeat {
        /// The session.
        session: u64,
        /// Counts the sender's heartbeats from 1.
        sequence: u64,
        /// The last sequence that the sender has received from the other.
        acknowledged: u64,
        /// The sender's own clock, in milliseconds since its start.
        sent_ms: u64,
    }
}

wire_struct! {
    /// The master knows no such session.
    Unknown {
        /// This run of this master.
        epoch: u64,
    }
}

wire_struct! {
    /// The sender leaves, or ends the session.
    Bye<'a> {
        /// The session.
        session: u64,
        /// Why, for programs.
        code: &'a str,
        /// Why, for people.
        text: &'a str,
    }
}

wire_struct! {
    /// The master refused a message; nothing of it took effect.
    Reject<'a> {
        /// Number of the kind that was refused; 0 if it could not be read.
        kind: u64,
        /// What in it: a call, an id of CONTROL.
        reference: Option<u64>,
        /// Why, for programs.
        code: &'a str,
        /// Why, for people.
        text: &'a str,
        /// When to try again, if that can help.
        retry_after_ms: Option<u64>,
    }
}
