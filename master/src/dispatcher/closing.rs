//! How a master ends: it takes no further job, lets those it has finish for a while, and says BYE to every peer.

use super::keys::JobKey;
use super::{Action, Dispatcher, Lifecycle, Timer};
use crate::common::{Ending, LostCause, WAIT_MAX};
use std::time::Duration;
use tracing::info;

impl Dispatcher {
    pub(crate) fn close(&mut self, within: Duration) {
        let asked = self.clock.now() + within.min(WAIT_MAX);
        let until = match self.lifecycle {
            Lifecycle::Open => asked,
            Lifecycle::Closing { until } => until.min(asked),
            Lifecycle::Closed => return,
        };
        info!(jobs = self.queue.len(), within_ms = within.as_millis() as u64, "closing");
        self.lifecycle = Lifecycle::Closing { until };
        self.timers.set(until, Timer::CloseNow);
    }

    /// The master was paused for so long: its workers have that much longer, should they have been paused with it.
    pub(super) fn prolong_drain(&mut self, pause: Duration) {
        if let Lifecycle::Closing { until } = &mut self.lifecycle {
            *until += pause;
            self.timers.set(*until, Timer::CloseNow);
        }
    }

    /// The time for draining is over: what is left is lost.
    pub(super) fn close_now(&mut self) {
        let Lifecycle::Closing { until } = self.lifecycle else { return };
        // A pause is counted when heartbeats are due, which is every moment.
        if until + self.clock.since(self.heartbeats_due) > self.clock.now() {
            return;
        }
        let left: Vec<JobKey> = self.queue.iter().map(|(key, _)| key).collect();
        for key in left {
            self.release_worker(key);
            self.finish(key, Ending::Lost(LostCause::Master), Duration::ZERO);
        }
    }

    /// The master is closing: if nothing is left to wait for, every peer is told and the master is done.
    pub(crate) fn finish_closing(&mut self) {
        if !self.queue.is_empty() {
            return;
        }
        self.lifecycle = Lifecycle::Closed;
        self.tell_of_all_deaths();
        self.actions.extend(self.fleet.keys().into_iter().map(Action::Dismiss));
        self.actions.push_back(Action::Closed);
    }
}
