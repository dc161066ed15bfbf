//! What a master holds: everything in it that could grow.

use super::Dispatcher;

/// How much a master holds. When nothing is going on, all is 0 but the peers that are connected and the timer of the
/// heartbeats.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holdings {
    /// Jobs that have not ended.
    pub jobs: usize,
    /// Jobs that wait for a worker.
    pub jobs_waiting: usize,
    /// Bytes of payloads and headers of jobs that wait.
    pub bytes_waiting: usize,
    /// Workers that have a session, registered or not.
    pub workers: usize,
    /// Clients that have a session.
    pub clients: usize,
    /// Timers that are set.
    pub timers: usize,
    /// Handshakes that wait for a proof.
    pub handshakes: usize,
    /// Orders that have not had their full effect.
    pub orders: usize,
    /// Pools: those declared or offered once, and those that only jobs name, for as long as there are any.
    pub pools: usize,
}

impl Dispatcher {
    /// How much it holds now; what a desk holds is none of it.
    pub(crate) fn holdings(&self) -> Holdings {
        Holdings {
            jobs: self.queue.len(),
            jobs_waiting: self.queue.waiting(),
            bytes_waiting: self.queue.waiting_bytes(),
            workers: self.fleet.workers(),
            clients: self.fleet.clients(),
            timers: self.timers.len(),
            handshakes: 0,
            orders: 0,
            pools: self.fleet.pool_count(),
        }
    }
}
