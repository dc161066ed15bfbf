//! Jobs on their way to a worker and back, and all that can be said of them meanwhile.

use super::ends::WorkerEnd;
use super::layout::wire::*;
use crate::JobId;
use crate::fields::MessageHeaders;

wire_struct! {
    /// One job of a JOBS message.
    JobEntry<'a> {
        /// The job.
        job: JobId,
        /// Which dispatch of it this is, from 1.
        attempt: u64,
        /// The pool.
        pool: &'a str,
        /// Milliseconds until its caller gives up.
        remaining_ms: u64,
        /// [`FLAG_ONCE`](crate::FLAG_ONCE).
        flags: u64,
        /// The caller's headers.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// Jobs for a worker, in the order in which it shall run them. One payload frame each.
    Jobs<'a> {
        /// The session.
        session: u64,
        /// The master's own clock, in milliseconds since its start: tells how long the message lay in buffers.
        sent_ms: u64,
        /// The jobs.
        jobs: Vec<JobEntry<'a>>,
    }
}

wire_struct! {
    /// How one job ended at a worker.
    ReplyEntry<'a> {
        /// The job.
        job: JobId,
        /// The attempt that this answers.
        attempt: u64,
        /// How it ended.
        end: WorkerEnd,
        /// How long the handler ran.
        run_us: u64,
        /// Why it failed, for programs; empty if done.
        code: &'a str,
        /// Why it failed, for people; empty if done.
        text: &'a str,
        /// The handler's headers.
        headers: MessageHeaders<'a>,
    }
}

wire_struct! {
    /// How jobs ended at a worker. One payload frame each, empty unless done.
    Replies<'a> {
        /// The session.
        session: u64,
        /// The replies.
        replies: Vec<ReplyEntry<'a>>,
    }
}

wire_struct! {
    /// One attempt of one job.
    JobAttempt {
        /// The job.
        job: JobId,
        /// Which dispatch of it.
        attempt: u64,
    }
}

wire_struct! {
    /// Nobody waits for these jobs any longer.
    Cancel {
        /// The session.
        session: u64,
        /// The jobs.
        jobs: Vec<JobAttempt>,
    }
}

wire_struct! {
    /// Give these jobs back as `returned` unless they have begun.
    Recall {
        /// The session.
        session: u64,
        /// The jobs.
        jobs: Vec<JobAttempt>,
    }
}

wire_struct! {
    /// From a worker: I want to leave. From the master: no new jobs will come.
    Quiet {
        /// The session.
        session: u64,
    }
}

wire_struct! {
    /// No JOBS follow in this session until RESUME.
    Quieted {
        /// The session.
        session: u64,
    }
}

wire_struct! {
    /// JOBS may follow again.
    Resume {
        /// The session.
        session: u64,
    }
}
