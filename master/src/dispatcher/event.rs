//! What goes into the dispatcher and what comes out: its specification.

use crate::headers::Headers;
use crate::worker_exit::WorkerExit;
use bytes::Bytes;
use powerhose_protocol::{JobId, WorkerEnd};
use std::time::Duration;

/// Names a connection for as long as it lives. The transport gives a new one to every connection and never the same
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route(pub u64);

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

/// A job as its caller hands it over.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Which workers can run it.
    pub pool: Box<str>,
    /// Its bytes.
    pub payload: Bytes,
    /// For the worker.
    pub headers: Headers,
    /// How long the caller waits; the master's default if none.
    pub timeout: Option<Duration>,
    /// How often it may be charged for a worker's death; the master's default if none.
    pub attempts_max: Option<u32>,
    /// Whether it must never be dispatched a second time.
    pub repeat: Repeat,
}

/// Whether a job may be dispatched again when its worker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Repeat {
    /// As often as its attempts allow: it is a function of its payload.
    #[default]
    Allowed,
    /// Never: it ends as lost.
    Never,
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

/// How a job ended, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// Whether a worker may have begun it.
    pub may_have_run: bool,
    /// How often it was dispatched, less the times it came back unrun.
    pub attempts: u32,
    /// The worker that answered or died, if one had it.
    pub worker: Option<u64>,
    /// From its acceptance to its last dispatch, or to its end if it never was dispatched.
    pub wait: Duration,
    /// How long the handler ran.
    pub run: Duration,
}

/// The ends of a job as the dispatcher knows them. The sixth, cancelled, happens at the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// A reply.
    Done {
        /// Its bytes.
        payload: Bytes,
        /// The handler's headers.
        headers: Headers,
    },
    /// The handler gave an error.
    Failed {
        /// For programs.
        code: Box<str>,
        /// For people.
        text: Box<str>,
    },
    /// The deadline passed.
    TimedOut,
    /// The attempts are used up, or it must not be tried again.
    Lost(LostCause),
    /// It was refused.
    Rejected(Rejection),
}

impl Ending {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Ending::Done { .. } => "done",
            Ending::Failed { .. } => "failed",
            Ending::TimedOut => "timed_out",
            Ending::Lost(_) => "lost",
            Ending::Rejected(_) => "rejected",
        }
    }
}

/// What a job was lost with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostCause {
    /// Its worker's connection or heartbeats ended.
    Worker,
    /// Its worker's process ended in this way.
    WorkerExit(WorkerExit),
    /// The master ended.
    Master,
}

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

/// Something that happened to a worker or a client, for those who want to watch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A worker registered, or registered anew with other pools.
    WorkerRegistered {
        /// Its id.
        worker: u64,
        /// Its process id on its host.
        pid: u32,
        /// Its pools.
        pools: Vec<String>,
    },
    /// A worker is gone.
    WorkerGone {
        /// Its id.
        worker: u64,
        /// Its process id on its host.
        pid: u32,
        /// How that was noticed.
        cause: GoneCause,
        /// The job that it was running.
        job: Option<JobId>,
    },
    /// A worker ran over its deadline or, too often, over the soft run time, and gets no jobs.
    WorkerOverdue {
        /// Its id.
        worker: u64,
        /// The job that it runs or ran.
        job: JobId,
    },
    /// An overdue worker has answered, and gets jobs again.
    WorkerBack {
        /// Its id.
        worker: u64,
    },
    /// A worker has answered as many jobs again as
    /// [`Settings::worker_served_notice`](super::Settings::worker_served_notice) names.
    WorkerServed {
        /// Its id.
        worker: u64,
        /// Its process id on its host.
        pid: u32,
        /// How many it has answered since it registered.
        jobs: u64,
    },
    /// A client opened a session.
    ClientConnected {
        /// Its peer number.
        client: u64,
    },
    /// A client is gone; its jobs were dropped.
    ClientGone {
        /// Its peer number.
        client: u64,
        /// How that was noticed.
        cause: GoneCause,
    },
}

/// How the end of a peer was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GoneCause {
    /// It said goodbye.
    Goodbye,
    /// Its connection ended.
    Disconnected,
    /// It was silent for too long.
    Silent,
    /// Its process ended.
    Exited(WorkerExit),
    /// It began a new session.
    Renewed,
    /// It kept sending what has to be refused.
    CutOff,
}

/// A worker's answer to one job, read from the wire and on its way to the job's end.
pub(crate) struct WorkerReply<'a> {
    pub(crate) job: JobId,
    pub(crate) attempt: u64,
    pub(crate) end: WorkerEnd,
    pub(crate) run: Duration,
    pub(crate) code: &'a str,
    pub(crate) text: &'a str,
    pub(crate) headers: Headers,
    pub(crate) payload: Bytes,
}
