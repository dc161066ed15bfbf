//! What the dispatcher counts.

/// Counts since the start of the master, and what it holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Jobs taken in.
    pub accepted: u64,
    /// Jobs that ended with a reply.
    pub done: u64,
    /// Jobs whose handler gave an error.
    pub failed: u64,
    /// Jobs whose deadline passed.
    pub timed_out: u64,
    /// Jobs whose caller left.
    pub cancelled: u64,
    /// Jobs lost with a worker or with the master.
    pub lost: u64,
    /// Jobs refused.
    pub rejected: u64,
    /// Dispatches.
    pub dispatched: u64,
    /// Jobs that went back into the queue because their worker was gone.
    pub redispatched: u64,
    /// Jobs that workers gave back unrun.
    pub returned: u64,
    /// Replies to attempts that nobody waited for.
    pub replies_late: u64,
    /// Replies to attempts that the worker did not have.
    pub replies_stray: u64,
    /// Messages refused because they could not be read, or came from the wrong role.
    pub messages_refused: u64,
    /// Messages of sessions that the master does not know.
    pub messages_foreign: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
}
