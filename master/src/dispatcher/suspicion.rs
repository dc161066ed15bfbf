//! A connection that may be gone.
//!
//! Our own wire sees the end of a connection in its place, after the last message. libzmq only hints at it, at once but
//! roughly, and for a moment messages to a dead peer still seem to go out. So a suspect gets no new job and is probed until
//! a probe fails (gone) or all of them went out (alive; heartbeats watch over it as over everybody).

use super::peer::{PeerKey, Suspicion};
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
        if self.peers.get(key).is_none() {
            return;
        }
        if let Some(suspicion) = self.peers[key].suspicion.take() {
            self.timers.stop(suspicion.timer);
        }
        debug!(peer = self.peers[key].number, "its connection may be gone");
        self.actions.push_back(Action::Ask(key));
        let timer = self.timers.set(self.now + PROBES_AFTER[0], Timer::Probe(key));
        self.peers[key].suspicion = Some(Suspicion { probes: 1, timer });
        self.update_listing(key);
    }

    /// Probes once more, or lets the suspicion go.
    pub(super) fn probe(&mut self, key: PeerKey) {
        let Some(probes) = self.peers.get(key).and_then(|peer| peer.suspicion.as_ref()).map(|s| s.probes)
        else {
            return;
        };
        self.actions.push_back(Action::Ask(key));
        match PROBES_AFTER.get(probes) {
            Some(after) => {
                let timer = self.timers.set(self.now + *after, Timer::Probe(key));
                self.peers[key].suspicion = Some(Suspicion { probes: probes + 1, timer });
            }
            None => self.trust(key),
        }
    }

    /// A peer has answered all but so many of the last [`Action::Ask`]s. It clears the peer if one of its probes was among
    /// the answered.
    pub(crate) fn answered(&mut self, key: PeerKey, unanswered: u64) {
        let suspicion = self.peers.get(key).and_then(|peer| peer.suspicion.as_ref());
        if suspicion.is_some_and(|suspicion| suspicion.probes as u64 > unanswered) {
            self.trust(key);
        }
    }

    fn trust(&mut self, key: PeerKey) {
        if let Some(suspicion) = self.peers[key].suspicion.take() {
            self.timers.stop(suspicion.timer);
            self.update_listing(key);
        }
    }
}
