//! Pauses of the supervisor itself: its workers were paused too, most likely, and had none of that time.

use super::slot::State;
use super::{Phase, Policy};
use std::time::Duration;

impl Policy {
    /// Whether a worker has a time in which to start or to end.
    pub(in crate::supervisor) fn waits_for_workers(&self) -> bool {
        self.slots.iter().any(|slot| match slot.state {
            State::Starting { .. } | State::Stopping { kill_at: Some(_), .. } => true,
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Ready { .. }
            | State::Backoff { .. }
            | State::Stopping { kill_at: None, .. }
            | State::GivenUp => false,
        })
    }

    /// We were not there for so long: nobody has that much less time.
    pub(in crate::supervisor) fn forgive(&mut self, pause: Duration) {
        if let Phase::Leaving { kill_at } = &mut self.phase {
            *kill_at += pause;
        }
        for slot in &mut self.slots {
            match &mut slot.state {
                State::Starting { ready_by: by, .. } | State::Stopping { kill_at: Some(by), .. } => {
                    *by += pause;
                }
                State::Vacant
                | State::Due
                | State::Spawning
                | State::Ready { .. }
                | State::Backoff { .. }
                | State::Stopping { kill_at: None, .. }
                | State::GivenUp => {}
            }
        }
    }
}
