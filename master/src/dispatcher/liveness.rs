//! Who lives: heartbeats to every peer, and those that were silent for too long.

use super::worker::Attention;
use super::{Action, Dispatcher, Timer};
use crate::common::GoneCause;
use tracing::info;

impl Dispatcher {
    /// Every peer hears from us, and those that were silent for too long are gone.
    ///
    /// If this comes more than one interval late, it was us who did not listen: every peer's clock starts anew.
    pub(super) fn heartbeats(&mut self) {
        let interval = self.settings.heartbeat_interval;
        let late = self.now.saturating_duration_since(self.heartbeats_due);
        let paused = late > interval;
        self.count_lateness(late);
        if paused {
            info!(
                late_ms = late.as_millis() as u64,
                "the master was paused; every peer's silence counts anew"
            );
        }
        for key in self.peers.keys() {
            if paused {
                self.peers[key].last_heard = self.now;
            }
            if !self.is_excused(key) {
                self.count_missed_heartbeat(key);
            }
            if self.is_silent(key) {
                self.gone(key, GoneCause::Silent);
            } else {
                self.actions.push_back(Action::Ask(key));
            }
        }
        self.heartbeats_due = self.now + interval;
        self.timers.set(self.heartbeats_due, Timer::Heartbeats);
    }

    fn is_silent(&self, key: super::peer::PeerKey) -> bool {
        let peer = &self.peers[key];
        !self.is_excused(key)
            && self.now.saturating_duration_since(peer.last_heard) > self.settings.silence_max
    }

    /// Whether it need not say that it lives.
    fn is_excused(&self, key: super::peer::PeerKey) -> bool {
        let peer = &self.peers[key];
        peer.worker().is_some_and(|worker| {
            worker.attention == Attention::BetweenJobs && !worker.outstanding.is_empty()
        })
    }
}
