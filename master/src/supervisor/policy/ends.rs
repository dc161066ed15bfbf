//! What follows when a process has ended. Part of the policy, and as pure.

use super::slot::{State, Stop};
use super::{Policy, StartFailure, SupervisorEvent, WorkerExit};
use std::time::Instant;

impl Policy {
    pub(super) fn exited(&mut self, now: Instant, pid: u32, exit: Option<WorkerExit>) {
        let Some(index) = self.find(pid) else { return };
        let before = std::mem::replace(&mut self.slots[index].state, State::Vacant);
        self.report_exit(now, index, pid, exit, &before);
        if index >= self.wanted {
            return;
        }
        match before {
            State::Starting { .. } => self.start_failed(now, index, StartFailure::Exited(exit)),
            State::Stopping { why: Stop::NotRegistered, .. } => {
                self.start_failed(now, index, StartFailure::NotRegistered);
            }
            State::Stopping { why: Stop::Asked, .. } => self.slots[index].start_afresh(),
            State::Ready { ready_since, .. } if now - ready_since >= self.settings.stable_after => {
                self.slots[index].start_afresh();
            }
            State::Ready { .. } => self.back_off(now, index),
            State::Vacant | State::Due | State::Spawning | State::Backoff { .. } | State::GivenUp => {
                unreachable!("found by its process")
            }
        }
    }

    fn report_exit(&mut self, now: Instant, slot: usize, pid: u32, exit: Option<WorkerExit>, before: &State) {
        let (since, registered, asked) = match *before {
            State::Starting { since, .. } => (since, false, false),
            State::Ready { since, .. } => (since, true, false),
            State::Stopping { since, registered, why, .. } => (since, registered, why == Stop::Asked),
            State::Vacant | State::Due | State::Spawning | State::Backoff { .. } | State::GivenUp => return,
        };
        self.report(SupervisorEvent::Exited { slot, pid, exit, registered, asked, uptime: now - since });
    }
}
