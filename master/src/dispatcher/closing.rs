//! How a master ends: it takes no further job, lets those it has finish for a while, and says BYE to every peer.

use super::keys::JobKey;
use super::{Action, Dispatcher, Timer};
use crate::common::{Ending, LostCause, WAIT_MAX};
use std::time::{Duration, Instant};
use tracing::info;

/// Whether jobs are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// They are.
    Open,
    /// They are not; those that are left are waited for.
    Closing {
        /// As long as that.
        until: Instant,
    },
    /// Nothing is left.
    Closed,
}

impl Lifecycle {
    pub(super) fn is_open(self) -> bool {
        self == Lifecycle::Open
    }

    /// Whether there may be jobs that wait for a worker: one that comes while the master ends can still be needed, where a
    /// stop reached the workers too.
    pub(super) fn needs_workers(self) -> bool {
        match self {
            Lifecycle::Open | Lifecycle::Closing { .. } => true,
            Lifecycle::Closed => false,
        }
    }
}

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

    /// If nothing is left to wait for, every peer is told and the master is done.
    pub(crate) fn finish_closing(&mut self) {
        if !matches!(self.lifecycle, Lifecycle::Closing { .. }) || !self.queue.is_empty() {
            return;
        }
        self.lifecycle = Lifecycle::Closed;
        self.tell_of_all_deaths();
        self.actions.extend(self.fleet.keys().into_iter().map(Action::Dismiss));
        self.actions.push_back(Action::Closed);
    }
}
