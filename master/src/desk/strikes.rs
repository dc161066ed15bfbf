//! Peers that keep sending what has to be refused, or keep beginning anew: they are counted by connection, and cut off. Also
//! how many handshakes there may be in a second, of all peers together.
//!
//! What is kept is bounded: of the connections that misbehaved, the latest [`OFFENDERS_MAX`].

use super::{Action, Desk, Route};
use crate::common::GoneCause;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};
use tracing::warn;

/// Connections whose strikes are remembered; the oldest is forgotten for another.
const OFFENDERS_MAX: usize = 1024;
/// A connection with so many strikes is cut off.
const STRIKES_MAX: u32 = 100;
/// So many strikes are forgiven in a second: an honest peer that tries again and again once a second has none.
const FORGIVEN_PER_SECOND: u32 = 10;

#[derive(Default)]
pub(super) struct Strikes {
    offenders: HashMap<Route, Offender>,
    /// In the order of their first strikes.
    order: VecDeque<Route>,
    /// Has just got one strike too many.
    offender: Option<Route>,
}

enum Offender {
    Tolerated { strikes: u32, last: Instant },
    CutOff,
}

impl Strikes {
    /// Whether what still arrives on this connection is to be ignored.
    pub(super) fn is_cut_off(&self, route: Route) -> bool {
        // Nearly always there are no offenders at all.
        !self.offenders.is_empty() && matches!(self.offenders.get(&route), Some(Offender::CutOff))
    }

    fn add(&mut self, route: Route, now: Instant) {
        let offender = match self.offenders.get_mut(&route) {
            Some(offender) => offender,
            None => {
                self.remember(route);
                self.offenders.entry(route).or_insert(Offender::Tolerated { strikes: 0, last: now })
            }
        };
        let Offender::Tolerated { strikes, last } = offender else { return };
        let seconds = now.saturating_duration_since(*last).as_secs().min(u64::from(STRIKES_MAX)) as u32;
        if seconds > 0 {
            *strikes = strikes.saturating_sub(seconds * FORGIVEN_PER_SECOND);
            *last = now;
        }
        *strikes += 1;
        if *strikes >= STRIKES_MAX {
            *offender = Offender::CutOff;
            self.offender = Some(route);
        }
    }

    fn remember(&mut self, route: Route) {
        if self.order.len() == OFFENDERS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.offenders.remove(&oldest);
        }
        self.order.push_back(route);
    }
}

/// So many handshakes at once, and so many more each second.
pub(super) struct HandshakeRate {
    per_second: u32,
    burst: u32,
    left: u32,
    refilled: Instant,
}

impl HandshakeRate {
    pub(super) fn new(per_second: u32, burst: usize, now: Instant) -> HandshakeRate {
        let burst = u32::try_from(burst).unwrap_or(u32::MAX);
        HandshakeRate { per_second, burst, left: burst, refilled: now }
    }

    /// Whether there may be another now.
    pub(super) fn pass(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.refilled).min(Duration::from_secs(3600));
        let more = since.as_micros() as u64 * u64::from(self.per_second) / 1_000_000;
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(more).min(self.burst);
            self.refilled = now;
        }
        let passes = self.left > 0;
        self.left -= u32::from(passes);
        passes
    }
}

impl Desk {
    /// This connection sent what had to be refused, or began anew without need.
    pub(super) fn strike(&mut self, route: Route) {
        self.strikes.add(route, self.now);
    }

    /// Cuts the connection off that has just got one strike too many. Not in the midst of its message, whose reader
    /// counts on its peer.
    pub(super) fn cut_off_offender(&mut self) {
        let Some(route) = self.strikes.offender.take() else { return };
        warn!(%route, "a peer that kept sending what has to be refused is cut off");
        self.counted.peers_cut_off += 1;
        if let Some(peer) = self.sessions.find(route) {
            self.dispatcher.gone(peer, GoneCause::CutOff);
            self.follow();
        }
        self.actions.push_back(Action::Cut { route });
    }
}
