//! How a process begins: made, registered, or failed. Part of the policy, and as pure.

use super::slot::State;
use super::{Policy, Readiness, SpawnError, StartFailure, SupervisorEvent, after};
use crate::supervisor::backoff::backoff;
use std::time::{Duration, Instant};

impl Policy {
    pub(super) fn spawned(&mut self, now: Instant, index: usize, pid: u32) {
        let ready_by = after(now, self.start_limit());
        let slot = &mut self.slots[index];
        assert!(matches!(slot.state, State::Spawning), "process {pid} in a slot that asked for none");
        slot.state = State::Starting { pid, since: now, ready_by };
        self.report(SupervisorEvent::Spawned { slot: index, pid });
        if index >= self.wanted {
            let kill_at = self.kill_at(now);
            self.stop(now, index, kill_at);
        }
    }

    pub(super) fn spawn_failed(&mut self, now: Instant, index: usize, error: SpawnError) {
        assert!(matches!(self.slots[index].state, State::Spawning), "no process was asked for");
        self.report(SupervisorEvent::SpawnFailed { slot: index, error: error.clone() });
        if index >= self.wanted {
            self.slots[index].state = State::Vacant;
        } else if error.is_transient() {
            self.back_off(now, index);
        } else {
            self.start_failed(now, index, StartFailure::NotSpawned(error));
        }
    }

    pub(super) fn registered(&mut self, now: Instant, pid: u32) {
        let Some(index) = self.find(pid) else { return };
        match &mut self.slots[index].state {
            State::Starting { since, .. } => {
                let since = *since;
                self.slots[index].start_failures = 0;
                let too_old_at = self.too_old_at(now);
                self.slots[index].state =
                    State::Ready { pid, since, ready_since: now, too_old_at, worn: None };
            }
            State::Stopping { registered, .. } => *registered = true,
            // A worker registers anew when its connection broke.
            State::Ready { .. } => {}
            State::Vacant | State::Due | State::Spawning | State::Backoff { .. } | State::GivenUp => {}
        }
    }

    pub(super) fn start_failed(&mut self, now: Instant, index: usize, failure: StartFailure) {
        let slot = &mut self.slots[index];
        slot.start_failures = slot.start_failures.saturating_add(1);
        let failures = slot.start_failures;
        if failures < self.settings.start_failures_max {
            return self.back_off(now, index);
        }
        slot.state = State::GivenUp;
        self.report(SupervisorEvent::GivenUp { slot: index, failure, failures });
    }

    pub(super) fn back_off(&mut self, now: Instant, index: usize) {
        let slot = &mut self.slots[index];
        slot.short_lives = slot.short_lives.saturating_add(1);
        let wait = backoff(&self.settings, slot.short_lives, &mut self.random);
        slot.state = State::Backoff { until: after(now, wait) };
    }

    fn start_limit(&self) -> Duration {
        match self.settings.readiness {
            Readiness::Registers { within } => within,
            Readiness::Lives { throughout } => throughout,
        }
    }
}
