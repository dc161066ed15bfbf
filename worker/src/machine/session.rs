//! One session with the master: its terms, its heartbeats, and how late its messages arrive.

use powerhose_protocol::{Heartbeat, Welcome, limits};
use std::time::{Duration, Instant};

/// Between two heartbeats where the master does not say.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A master that asks for more frequent heartbeats gets these.
const HEARTBEAT_MIN: Duration = Duration::from_millis(10);
/// A master that asks for rarer heartbeats gets these.
const HEARTBEAT_MAX: Duration = Duration::from_secs(60);
/// How long a silent worker is one of the master's, where the master does not say.
const SILENCE: Duration = Duration::from_secs(5);
/// Bytes of a payload where the master does not say.
const PAYLOAD_BYTES_MAX: u64 = 64 << 20;
/// Entries of a message where the master does not say.
const BATCH_JOBS_MAX: u64 = 64;

#[derive(Debug)]
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) payload_bytes_max: u64,
    pub(super) batch_jobs_max: usize,
    pub(super) heartbeat_at: Instant,
    heartbeat: Duration,
    silence: Duration,
    /// Counts our heartbeats.
    sequence: u64,
    /// The last of the master's that came.
    acknowledged: u64,
    /// The smallest difference seen between our clock on arrival and the master's on departure: what the clocks differ
    /// by, plus the quickest journey.
    lag_ms_min: i64,
}

impl Session {
    /// `clock_ms` is the worker's own clock.
    pub(super) fn open(now: Instant, clock_ms: u64, welcome: &Welcome<'_>) -> Session {
        let interval = |name| welcome.intervals.find(name).map(Duration::from_millis);
        let heartbeat = interval("heartbeat_ms").unwrap_or(HEARTBEAT).clamp(HEARTBEAT_MIN, HEARTBEAT_MAX);
        let batch = welcome.limits.find("batch_jobs_max").unwrap_or(BATCH_JOBS_MAX);
        Session {
            number: welcome.session,
            payload_bytes_max: welcome.limits.find("payload_bytes_max").unwrap_or(PAYLOAD_BYTES_MAX),
            batch_jobs_max: batch.clamp(1, limits::ENTRIES_MAX as u64) as usize,
            heartbeat_at: now + heartbeat,
            heartbeat,
            silence: interval("silence_ms").unwrap_or(SILENCE),
            sequence: 0,
            acknowledged: 0,
            lag_ms_min: lag_ms(clock_ms, welcome.sent_ms),
        }
    }

    pub(super) fn received(&mut self, clock_ms: u64, heartbeat: &Heartbeat) {
        self.acknowledged = self.acknowledged.max(heartbeat.sequence);
        self.lateness(clock_ms, heartbeat.sent_ms);
    }

    /// How long a message sent at `sent_ms` lay in buffers, beyond what the quickest one of this session took.
    pub(super) fn lateness(&mut self, clock_ms: u64, sent_ms: u64) -> Duration {
        let lag = lag_ms(clock_ms, sent_ms);
        self.lag_ms_min = self.lag_ms_min.min(lag);
        Duration::from_millis(lag.saturating_sub(self.lag_ms_min).unsigned_abs())
    }

    /// Whether the master has given up a worker that it could not reach for so long.
    pub(super) fn is_over_after(&self, lateness: Duration) -> bool {
        lateness > self.silence
    }

    /// The next heartbeat; the one after it becomes due an interval from now.
    pub(super) fn next_heartbeat(&mut self, now: Instant, clock_ms: u64) -> Heartbeat {
        self.heartbeat_at = now + self.heartbeat;
        self.sequence += 1;
        Heartbeat {
            session: self.number,
            sequence: self.sequence,
            acknowledged: self.acknowledged,
            sent_ms: clock_ms,
        }
    }
}

fn lag_ms(clock_ms: u64, sent_ms: u64) -> i64 {
    let signed = |milliseconds: u64| i64::try_from(milliseconds).unwrap_or(i64::MAX);
    signed(clock_ms).saturating_sub(signed(sent_ms))
}
