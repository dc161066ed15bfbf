//! What the dispatcher wants done.

use super::keys::PeerKey;
use crate::common::{Notice, Outcome};
use powerhose_protocol::JobId;

/// Something is to be done. Whoever stands between the dispatcher and its peers says it in their language.
#[derive(Debug)]
pub(crate) enum Action {
    /// [`take_given`](super::Dispatcher::take_given) has jobs for this worker.
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
