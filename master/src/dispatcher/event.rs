//! What the dispatcher wants done, and a worker's answer on its way to the job's end.

use super::keys::PeerKey;
use crate::common::{Headers, Notice, Outcome};
use bytes::Bytes;
use powerhose_protocol::{JobId, WorkerEnd};
use std::time::Duration;

/// Something is to be done. Whoever stands between the dispatcher and its peers says it in their language.
#[derive(Debug)]
pub(crate) enum Action {
    /// [`Dispatcher::given`](super::Dispatcher::given) has jobs for this worker.
    Give(PeerKey),
    /// The worker is to give back these jobs unless it has begun them.
    Recall { worker: PeerKey, jobs: Vec<Attempt> },
    /// Nobody waits any longer for what the worker makes of this job.
    Cancel { worker: PeerKey, job: Attempt },
    /// The job of a client's call has ended, or of a call of a caller in this process.
    Told { client: PeerKey, call: u64, outcome: Outcome },
    /// The peer is to hear that the master lives.
    Ask(PeerKey),
    /// The master ends, and with it the peer's session.
    Dismiss(PeerKey),
    /// The peer's session is over, and its key names nobody any longer.
    Gone(PeerKey),
    /// Something that a subscriber may want to know.
    Notify(Notice),
    /// Nothing is left to wait for.
    Closed,
}

/// One dispatch of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
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

impl WorkerReply<'_> {
    /// Whether the handler ran to its end.
    pub(crate) fn has_run(&self) -> bool {
        match self.end {
            WorkerEnd::Done | WorkerEnd::Failed => true,
            WorkerEnd::Returned | WorkerEnd::Expired | WorkerEnd::Cancelled => false,
        }
    }
}
