//! What follows from what the supervisor tells of its workers.

use super::{Phase, Service};
use crate::exit::Exit;
use powerhose::{StartFailure, SupervisorEvent};
use tracing::error;

impl Service {
    /// What follows from what has happened to a worker.
    pub(super) fn worker(&mut self, event: &SupervisorEvent) {
        match event {
            SupervisorEvent::Spawned { slot, .. } => drop(self.given_up.remove(slot)),
            SupervisorEvent::GivenUp { slot, failure, .. } => {
                self.given_up.insert(*slot, failure.clone());
                let nobody_starts = self.given_up.len() >= self.workers;
                if self.phase == Phase::Draining && nobody_starts {
                    error!(workers = self.workers, "no worker starts for the jobs that are left");
                    self.end_at_once();
                } else if self.is_lost() {
                    // Not the program's fault: it is tried again once it can find the master.
                    self.replaces_later = true;
                } else if self.phase == Phase::Running && nobody_starts {
                    error!(workers = self.workers, why = %self.why_given_up(failure), "no worker starts; giving up");
                    self.exit = Exit::GivenUp;
                    self.notifier.stopping();
                    self.end_at_once();
                }
            }
            SupervisorEvent::Finished => {
                self.supervisor = None;
                if self.runner.is_none() {
                    self.phase = Phase::Ended;
                }
            }
            _ => {}
        }
    }

    /// What all slots have in common, or else what happened the last time.
    fn why_given_up(&self, last: &StartFailure) -> String {
        let is_late = |failure: &StartFailure| matches!(failure, StartFailure::NotRegistered { .. });
        match self.given_up.values().all(is_late) {
            true => {
                format!("all were late together: {last}, and fewer --workers give each more of the machine")
            }
            false => last.to_string(),
        }
    }
}
