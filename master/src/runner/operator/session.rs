//! What the master said of itself when it let an operator in, and when it is to hear from us. Pure.

use powerhose_protocol::{Heartbeat, Welcome};
use std::time::{Duration, Instant};

/// A session with the master.
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) pid: u64,
    pub(super) epoch: u64,
    interval: Duration,
    pub(super) heartbeat_at: Instant,
    sequence_sent: u64,
    pub(super) sequence_received: u64,
}

impl Session {
    pub(super) fn new(welcome: &Welcome<'_>, now: Instant) -> Session {
        let heartbeat_ms = welcome.intervals.find("heartbeat_ms").unwrap_or(1000).max(10);
        let interval = Duration::from_millis(heartbeat_ms);
        Session {
            number: welcome.session,
            pid: welcome.pid,
            epoch: welcome.epoch,
            interval,
            heartbeat_at: now + interval,
            sequence_sent: 0,
            sequence_received: 0,
        }
    }

    /// The heartbeat that is due, if one is.
    pub(super) fn heartbeat(&mut self, now: Instant, started: Instant) -> Option<Heartbeat> {
        if now < self.heartbeat_at {
            return None;
        }
        self.sequence_sent += 1;
        self.heartbeat_at = now + self.interval;
        Some(Heartbeat {
            session: self.number,
            sequence: self.sequence_sent,
            acknowledged: self.sequence_received,
            sent_ms: now.saturating_duration_since(started).as_millis() as u64,
        })
    }
}
