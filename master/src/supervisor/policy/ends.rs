//! What follows when a process has ended. Part of the policy, and as pure.

use super::slot::{State, Stop};
use super::{Policy, StartFailure, SupervisorEvent, WorkerExit};
use std::time::Instant;

impl Policy {
    pub(super) fn exited(&mut self, now: Instant, pid: u32, exit: Option<WorkerExit>) {
        let Some(index) = self.find(pid) else { return };
        if let Some(ended) = self.slots[index].predecessor.take_if(|state| state.pid() == Some(pid)) {
            return self.predecessor_exited(now, index, exit, &ended);
        }
        let ended = std::mem::replace(&mut self.slots[index].state, State::Vacant);
        self.report_exit(now, index, exit, &ended);
        if index >= self.wanted {
            return;
        }
        match ended {
            State::Starting { .. } => self.start_failed(now, index, StartFailure::Exited(exit)),
            State::Stopping { why: Stop::NotRegistered { within }, .. } => {
                self.start_failed(now, index, StartFailure::NotRegistered { within });
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

    /// Its successor is there or on its way. If it worked until now, the failures of its successor begin to count: nobody
    /// else works here.
    fn predecessor_exited(&mut self, now: Instant, index: usize, exit: Option<WorkerExit>, ended: &State) {
        self.report_exit(now, index, exit, ended);
        if matches!(ended, State::Ready { .. }) {
            self.slots[index].forgive();
        }
    }

    fn report_exit(&mut self, now: Instant, slot: usize, exit: Option<WorkerExit>, ended: &State) {
        let (pid, since, registered, asked) = match *ended {
            State::Starting { pid, since, .. } => (pid, since, false, false),
            State::Ready { pid, since, .. } => (pid, since, true, false),
            State::Stopping { pid, since, registered, why, .. } => {
                (pid, since, registered, why == Stop::Asked)
            }
            State::Vacant | State::Due | State::Spawning | State::Backoff { .. } | State::GivenUp => return,
        };
        self.report(SupervisorEvent::Exited { slot, pid, exit, registered, asked, uptime: now - since });
    }
}
