//! What concerns the workers as a whole: how many, and their end. Part of the policy, and as pure.

use super::slot::{Slot, State};
use super::{Phase, Policy, WORKERS_MAX, after};
use std::time::{Duration, Instant};

impl Policy {
    pub(super) fn resize(&mut self, now: Instant, workers: usize) {
        if self.is_over() {
            return;
        }
        self.wanted = workers.min(WORKERS_MAX);
        let kill_at = self.kill_at(now);
        for index in self.wanted..self.slots.len() {
            self.retire(now, index, kill_at);
        }
        while self.slots.len() < self.wanted {
            self.slots.push(Slot::vacant());
        }
        // A process that still drains in a slot that is wanted again is followed by the next when it has ended.
        for slot in &mut self.slots[..self.wanted] {
            if matches!(slot.state, State::Vacant) {
                slot.start_afresh();
            }
        }
    }

    pub(super) fn stop_all(&mut self, now: Instant, within: Duration) {
        let asked = after(now, within);
        let kill_at = match self.phase {
            Phase::Keeping | Phase::Replacing => asked,
            Phase::Leaving { kill_at } => asked.min(kill_at),
            Phase::Finished => return,
        };
        self.phase = Phase::Leaving { kill_at };
        self.wanted = 0;
        for index in 0..self.slots.len() {
            self.retire(now, index, kill_at);
        }
    }

    /// Whether nothing is kept any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. } | Phase::Finished)
    }

    /// This slot is no longer wanted.
    fn retire(&mut self, now: Instant, index: usize, kill_at: Instant) {
        let slot = &mut self.slots[index];
        self.actions.extend(slot.predecessor.as_mut().and_then(|state| state.stop(now, kill_at)));
        match slot.state {
            State::Due | State::Backoff { .. } | State::Parted { .. } | State::GivenUp => {
                slot.state = State::Vacant
            }
            State::Starting { .. } | State::Ready { .. } | State::Stopping { .. } => {
                self.actions.extend(slot.state.stop(now, kill_at));
            }
            // What is being started is stopped as soon as it is there.
            State::Vacant | State::Spawning => {}
        }
    }

    /// When a process that is told to end now is made to.
    pub(super) fn kill_at(&self, now: Instant) -> Instant {
        match self.phase {
            Phase::Leaving { kill_at } => kill_at,
            Phase::Keeping | Phase::Replacing | Phase::Finished => after(now, self.settings.drain),
        }
    }
}
