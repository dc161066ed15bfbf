//! Who lives: heartbeats to every peer, and those that were silent for too long.

use super::event::Action;
use super::keys::PeerKey;
use super::{Dispatcher, Timer};
use crate::common::GoneCause;
use tracing::info;

impl Dispatcher {
    /// Every peer hears from us, and those that were silent for too long are gone.
    ///
    /// If this comes late, it was us who did not listen: so much of the silence is nobody's. More than an interval late, every peer's
    /// clock starts anew, as it may have been paused with us.
    pub(super) fn heartbeats(&mut self) {
        let interval = self.settings.heartbeat_interval;
        let late = self.clock.since(self.heartbeats_due);
        let paused = late > interval;
        self.count_lateness(late);
        if paused {
            info!(
                late_ms = late.as_millis() as u64,
                "the master was paused; every peer's silence counts anew"
            );
        }
        match paused {
            true => self.fleet.forgive_idle_pools(),
            false => self.fleet.forget_idle_pools(self.clock.now()),
        }
        self.prolong_drain(late);
        for key in self.fleet.keys() {
            let now = self.clock.now();
            match paused {
                true => self.fleet.heard(key, now),
                false => self.fleet.forgive(key, late, now),
            }
            if self.misses_heartbeats(key) {
                self.stats.heartbeats_missed += 1;
            }
            if self.is_silent(key) {
                self.gone(key, GoneCause::Silent);
            } else {
                self.actions.push_back(Action::Ask(key));
            }
        }
        self.heartbeats_due = self.clock.now() + interval;
        self.timers.set(self.heartbeats_due, Timer::Heartbeats);
    }

    /// Whether a peer has been silent for two intervals, at the end of one. A client that waits for nothing may be silent: one without a
    /// thread of its own is.
    fn misses_heartbeats(&self, key: PeerKey) -> bool {
        let silence = self.settings.heartbeat_interval * 2;
        self.fleet.get(key).is_some_and(|peer| {
            !peer.is_excused() && !peer.is_idle_client() && peer.silence(self.clock.now()) >= silence
        })
    }

    fn is_silent(&self, key: PeerKey) -> bool {
        let silence_max = self.settings.silence_max;
        self.fleet
            .get(key)
            .is_some_and(|peer| !peer.is_excused() && peer.silence(self.clock.now()) > silence_max)
    }
}
