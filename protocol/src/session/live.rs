//! A session that is open: its heartbeats, and how late its messages arrive.

use super::{PeerSession, State, Terms};
use crate::{Heartbeat, Welcome};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Live {
    pub(super) terms: Terms,
    pub(super) heartbeat_at: Instant,
    /// Counts our heartbeats.
    sequence: u64,
    /// The last of the master's that came.
    acknowledged: u64,
    /// The smallest difference seen between our clock on arrival and the master's on departure: what the clocks differ
    /// by, plus the quickest journey.
    lag_ms_min: i64,
}

impl Live {
    /// `clock_ms` is the peer's own clock.
    pub(super) fn open(now: Instant, clock_ms: u64, welcome: &Welcome<'_>) -> Live {
        let terms = Terms::read(welcome);
        Live {
            heartbeat_at: now + terms.heartbeat,
            terms,
            sequence: 0,
            acknowledged: 0,
            lag_ms_min: lag_ms(clock_ms, welcome.sent_ms),
        }
    }

    /// Whether this WELCOME opens a session that came after this one. A master counts the sessions of its run.
    pub(super) fn is_replaced_by(&self, welcome: &Welcome<'_>) -> bool {
        welcome.epoch != self.terms.epoch || welcome.peer > self.terms.peer
    }

    pub(super) fn received(&mut self, clock_ms: u64, heartbeat: &Heartbeat) {
        self.acknowledged = self.acknowledged.max(heartbeat.sequence);
        self.lateness(clock_ms, heartbeat.sent_ms);
    }

    fn lateness(&mut self, clock_ms: u64, sent_ms: u64) -> Duration {
        let lag = lag_ms(clock_ms, sent_ms);
        self.lag_ms_min = self.lag_ms_min.min(lag);
        Duration::from_millis(lag.saturating_sub(self.lag_ms_min).unsigned_abs())
    }

    /// The next heartbeat; the one after it becomes due an interval from now.
    pub(super) fn next_heartbeat(&mut self, now: Instant, clock_ms: u64) -> Heartbeat {
        self.heartbeat_at = now + self.terms.heartbeat;
        self.sequence += 1;
        Heartbeat {
            session: self.terms.session,
            sequence: self.sequence,
            acknowledged: self.acknowledged,
            sent_ms: clock_ms,
        }
    }
}

impl PeerSession {
    /// How long a message of the present session, sent at `sent_ms`, lay in buffers, beyond what the quickest one of this
    /// session took. Nothing without a session.
    pub fn lateness(&mut self, now: Instant, sent_ms: u64) -> Duration {
        let clock_ms = self.clock_ms(now);
        match &mut self.state {
            State::Live(live) => live.lateness(clock_ms, sent_ms),
            State::Greeting { .. } | State::Over => Duration::ZERO,
        }
    }
}

fn lag_ms(clock_ms: u64, sent_ms: u64) -> i64 {
    let signed = |milliseconds: u64| i64::try_from(milliseconds).unwrap_or(i64::MAX);
    signed(clock_ms).saturating_sub(signed(sent_ms))
}
