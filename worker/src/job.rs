//! What a handler gets.

use crate::machine::Work;
use bytes::Bytes;
use powerhose_protocol::{FLAG_ONCE, JobId};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// One attempt of one job. Threads that a handler starts may share it.
pub struct Job {
    work: Work<Bytes>,
    cancelled: Arc<AtomicBool>,
}

impl Job {
    pub(crate) fn new(work: Work<Bytes>, cancelled: Arc<AtomicBool>) -> Job {
        Job { work, cancelled }
    }

    /// The caller's bytes: any, from none to the master's `payload_bytes_max`. They lie where the socket put them.
    pub fn payload(&self) -> &[u8] {
        &self.work.payload
    }

    /// The same bytes, to be kept beyond the job or given back as its reply, without a copy.
    pub fn payload_shared(&self) -> Bytes {
        self.work.payload.clone()
    }

    /// The value of this header, if the caller set it.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The caller's headers, in its order. No name stands twice.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.work.headers.iter().map(|(name, value)| (&name[..], &value[..]))
    }

    /// The id, the same in the caller's errors and in the logs of the master.
    pub fn id(&self) -> JobId {
        self.work.job
    }

    /// Which dispatch of the job this is, from 1. A higher one means that an earlier worker died or was given up, so the
    /// job may have run before.
    pub fn attempt(&self) -> u64 {
        self.work.attempt
    }

    /// The pool.
    pub fn pool(&self) -> &str {
        &self.work.pool
    }

    /// Whether the caller forbade a second dispatch.
    pub fn is_once(&self) -> bool {
        self.work.flags & FLAG_ONCE != 0
    }

    /// When the caller gives up. A handler still running a grace (30 s unless the master says otherwise) after it ends
    /// the process; see [`WATCHDOG_EXIT_STATUS`](crate::WATCHDOG_EXIT_STATUS).
    pub fn deadline(&self) -> Instant {
        self.work.deadline
    }

    /// The time until the deadline; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.work.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether nobody waits for the reply any longer: the master cancelled the job or ended the session it came in, or
    /// the deadline has passed. A handler that returns early then, with whatever reply, frees its worker; the reply goes
    /// nowhere. The master's word is noticed within 50 ms.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || Instant::now() >= self.work.deadline
    }
}

impl fmt::Debug for Job {
    /// Tells neither payload nor headers: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.work.job)
            .field("attempt", &self.work.attempt)
            .field("pool", &self.work.pool)
            .field("payload_bytes", &self.work.payload.len())
            .finish_non_exhaustive()
    }
}
