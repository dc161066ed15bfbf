//! The replacement of workers by new processes: start first, end then. Part of the policy, and as pure.

use super::slot::{Slot, State};
use super::{Phase, Policy, StartFailure, SupervisorEvent};
use std::time::Instant;

impl Policy {
    pub(super) fn replace_all(&mut self) {
        if self.is_over() {
            return;
        }
        self.generation += 1;
        self.phase = Phase::Replacing;
        // What failed may start now, and shows whether it is safe to go on.
        for slot in &mut self.slots[..self.wanted] {
            if matches!(slot.state, State::Backoff { .. } | State::Parted { .. } | State::GivenUp) {
                slot.start_afresh();
            }
        }
    }

    pub(super) fn go_on_replacing(&mut self, now: Instant) {
        let (generation, failures_max) = (self.generation, self.settings.start_failures_max);
        let slots = &mut self.slots[..self.wanted];
        // What failed while it still ran what is to be replaced says nothing of its successor.
        for slot in slots.iter_mut().filter(|slot| slot.generation < generation) {
            if matches!(slot.state, State::Backoff { .. } | State::Parted { .. } | State::GivenUp) {
                slot.start_afresh();
            }
        }
        let failed = slots.iter().position(|slot| match slot.state {
            State::GivenUp => true,
            State::Backoff { .. } if matches!(slot.failing, Some(StartFailure::EndedEarly(_))) => true,
            State::Backoff { .. } => slot.is_held() && slot.start_failures >= failures_max,
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Starting { .. }
            | State::Ready { .. }
            | State::Parted { .. }
            | State::Stopping { .. } => false,
        });
        if let Some(slot) = failed {
            self.halt(now, slot);
        } else if slots.iter().all(Slot::is_settled) {
            match slots.iter().position(|slot| slot.generation < generation) {
                Some(index) => self.replace(now, index),
                None => {
                    self.phase = Phase::Keeping;
                    self.report(SupervisorEvent::Replaced);
                }
            }
        }
    }

    /// The new program is no good: whoever was not yet replaced works on.
    fn halt(&mut self, now: Instant, failed: usize) {
        let kill_at = self.kill_at(now);
        // One whose process is being made goes on: the thread owes an answer.
        let made = |slot: &&mut Slot| !matches!(slot.state, State::Spawning);
        for slot in self.slots.iter_mut().filter(|slot| slot.is_held()).filter(made) {
            self.actions.extend(slot.forget_successor(now, kill_at));
        }
        self.phase = Phase::Keeping;
        let works = |slot: &&Slot| slot.states().any(|state| matches!(state, State::Ready { .. }));
        let working = self.slots.iter().filter(works).count();
        self.report(SupervisorEvent::ReplacementHalted { slot: failed, working });
    }

    /// Begins to replace the worker in this slot. Without room for another process it has to end first.
    pub(super) fn replace(&mut self, now: Instant, index: usize) {
        let kill_at = self.kill_at(now);
        let slot = &mut self.slots[index];
        match self.settings.extra_max {
            0 => self.actions.extend(slot.state.stop(now, kill_at)),
            _ => slot.start_successor(),
        }
    }
}
