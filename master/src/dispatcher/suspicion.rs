//! A connection that may be gone.
//!
//! Our own wire sees the end of a connection in its place, after the last message. libzmq only hints at it, at once but
//! roughly, and for a moment messages to a dead peer still seem to go out. So a suspect gets no new job and is probed until
//! a probe fails (gone) or all of them went out (alive; heartbeats watch over it as over everybody).

use super::fleet::Suspicion;
use super::keys::PeerKey;
use super::{Action, Dispatcher, Timer};
use std::time::Duration;
use tracing::debug;

/// When probes go out, counted from the one before. The first goes out at the hint itself.
const PROBES_AFTER: [Duration; 5] = [
    Duration::from_millis(1),
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(5),
    Duration::from_millis(40),
];

impl Dispatcher {
    /// A hint that the connection ended.
    pub(crate) fn suspect(&mut self, key: PeerKey) {
        if self.fleet.get(key).is_none() {
            return;
        }
        debug!(peer = self.fleet.number(key), "its connection may be gone");
        self.ask_again(key, 1, PROBES_AFTER[0]);
    }

    /// Probes once more, or lets the suspicion go.
    pub(super) fn probe(&mut self, key: PeerKey) {
        let Some(suspicion) = self.fleet.get(key).and_then(|peer| peer.suspicion.as_ref()) else { return };
        let probes = suspicion.probes;
        match PROBES_AFTER.get(probes) {
            Some(after) => self.ask_again(key, probes + 1, *after),
            None => {
                self.actions.push_back(Action::Ask(key));
                self.trust(key);
            }
        }
    }

    /// Sends the probe of this number, and plans the next.
    fn ask_again(&mut self, key: PeerKey, probes: usize, after: Duration) {
        self.actions.push_back(Action::Ask(key));
        let now = self.clock.now();
        let timer = self.timers.set(now + after, Timer::Probe(key));
        if let Some(before) = self.fleet.suspect(key, Suspicion { probes, timer }, self.clock.moment()) {
            self.timers.stop(before.timer);
        }
    }

    /// A peer has answered all but so many of the last [`Action::Ask`]s. It clears the peer if one of its probes was among
    /// the answered.
    pub(crate) fn answered(&mut self, key: PeerKey, unanswered: u64) {
        let suspicion = self.fleet.get(key).and_then(|peer| peer.suspicion.as_ref());
        if suspicion.is_some_and(|suspicion| suspicion.probes as u64 > unanswered) {
            self.trust(key);
        }
    }

    fn trust(&mut self, key: PeerKey) {
        if let Some(suspicion) = self.fleet.trust(key, self.clock.moment()) {
            self.timers.stop(suspicion.timer);
        }
    }
}
