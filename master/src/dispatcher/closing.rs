//! How a master ends: it takes no further job, lets those it has finish for a while, and says BYE to every peer.

use super::keys::JobKey;
use super::{Action, Dispatcher, Timer};
use crate::common::{Ending, LostCause, WAIT_MAX};
use std::time::Duration;
use tracing::info;

/// Whether jobs are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// They are.
    Open,
    /// They are not; those that are left are waited for.
    Closing,
    /// Nothing is left.
    Closed,
}

impl Lifecycle {
    pub(super) fn is_open(self) -> bool {
        self == Lifecycle::Open
    }
}

impl Dispatcher {
    pub(crate) fn close(&mut self, within: Duration) {
        if self.lifecycle == Lifecycle::Closed {
            return;
        }
        info!(jobs = self.queue.len(), within_ms = within.as_millis() as u64, "closing");
        self.lifecycle = Lifecycle::Closing;
        self.timers.set(self.clock.now() + within.min(WAIT_MAX), Timer::CloseNow);
    }

    /// The time for draining is over: what is left is lost.
    pub(super) fn close_now(&mut self) {
        if self.lifecycle != Lifecycle::Closing {
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
        if self.lifecycle != Lifecycle::Closing || !self.queue.is_empty() {
            return;
        }
        self.lifecycle = Lifecycle::Closed;
        self.tell_of_all_deaths();
        self.actions.extend(self.fleet.keys().into_iter().map(Action::Dismiss));
        self.actions.push_back(Action::Closed);
    }
}
