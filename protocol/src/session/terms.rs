//! What a master says in WELCOME, with the defaults for what it leaves out (PROTOCOL.md, 4.3).

use crate::{Welcome, limits};
use std::time::Duration;

const PAYLOAD_BYTES_MAX: u64 = 64 << 20;
const BATCH_JOBS_MAX: u64 = 64;
const BATCH_BYTES_MAX: u64 = 256 << 10;
const HEARTBEAT_MS: u64 = 1000;
const SILENCE_MS: u64 = 5000;
/// Whatever a master asks for, no peer beats more often, and none more rarely.
const HEARTBEAT_MS_MIN: u64 = 10;
const HEARTBEAT_MS_MAX: u64 = 60_000;

/// The terms of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The session; in every message of it.
    pub session: u64,
    /// This run of this master.
    pub epoch: u64,
    /// The peer's number: the worker's id, or the high bits of the ids of a client's jobs.
    pub peer: u64,
    /// The master's process id.
    pub pid: u64,
    /// Bytes of one payload.
    pub payload_bytes_max: u64,
    /// Entries of one message, from 1 to [`ENTRIES_MAX`](limits::ENTRIES_MAX).
    pub batch_jobs_max: usize,
    /// Payload bytes of one message, unless one entry alone has more.
    pub batch_bytes_max: usize,
    /// Between two heartbeats, from 10 ms to a minute.
    pub heartbeat: Duration,
    /// After which the master forgets a silent peer.
    pub silence: Duration,
}

impl Terms {
    pub(super) fn read(welcome: &Welcome<'_>) -> Terms {
        let limit = |name, default| welcome.limits.find(name).unwrap_or(default);
        let interval = |name, default| welcome.intervals.find(name).unwrap_or(default);
        let heartbeat_ms = interval("heartbeat_ms", HEARTBEAT_MS);
        let batch_jobs_max = limit("batch_jobs_max", BATCH_JOBS_MAX).clamp(1, limits::ENTRIES_MAX as u64);
        Terms {
            session: welcome.session,
            epoch: welcome.epoch,
            peer: welcome.peer,
            pid: welcome.pid,
            payload_bytes_max: limit("payload_bytes_max", PAYLOAD_BYTES_MAX),
            batch_jobs_max: batch_jobs_max as usize,
            batch_bytes_max: usize::try_from(limit("batch_bytes_max", BATCH_BYTES_MAX)).unwrap_or(usize::MAX),
            heartbeat: Duration::from_millis(heartbeat_ms.clamp(HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX)),
            silence: Duration::from_millis(interval("silence_ms", SILENCE_MS)),
        }
    }
}
