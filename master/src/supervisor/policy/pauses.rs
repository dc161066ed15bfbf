//! Pauses of the supervisor itself: its workers were paused too, most likely, and had none of that time.

use super::slot::{Slot, State};
use super::{Phase, Policy};
use std::time::Duration;

impl Policy {
    /// Whether a worker has a time in which to start or to end.
    pub(in crate::supervisor) fn waits_for_workers(&self) -> bool {
        self.slots.iter().flat_map(Slot::states).any(|state| match state {
            State::Starting { .. } | State::Stopping { kill_at: Some(_), .. } => true,
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Ready { .. }
            | State::Backoff { .. }
            | State::Parted { .. }
            | State::Stopping { kill_at: None, .. }
            | State::GivenUp => false,
        })
    }

    /// We were not there for so long: nobody has that much less time.
    pub(in crate::supervisor) fn forgive(&mut self, pause: Duration) {
        if let Phase::Leaving { kill_at } = &mut self.phase {
            *kill_at += pause;
        }
        for state in self.slots.iter_mut().flat_map(Slot::states_mut) {
            match state {
                State::Starting { ready_by: by, .. } | State::Stopping { kill_at: Some(by), .. } => {
                    *by += pause;
                }
                State::Vacant
                | State::Due
                | State::Spawning
                | State::Ready { .. }
                | State::Backoff { .. }
                | State::Parted { .. }
                | State::Stopping { kill_at: None, .. }
                | State::GivenUp => {}
            }
        }
    }
}
