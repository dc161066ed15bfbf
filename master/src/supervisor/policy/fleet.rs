//! What concerns the workers as a whole: how many, their replacement, their end. Part of the policy, and as pure.

use super::slot::{Slot, State, Stop};
use super::{Action, Phase, Policy, SupervisorEvent, WORKERS_MAX, after};
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

    pub(super) fn replace_all(&mut self) {
        if self.is_over() {
            return;
        }
        self.generation += 1;
        self.phase = Phase::Replacing;
        // What failed may start now, and shows whether it is safe to go on.
        for slot in &mut self.slots[..self.wanted] {
            if matches!(slot.state, State::Backoff { .. } | State::GivenUp) {
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
    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. } | Phase::Finished)
    }

    /// What follows from the slots as a whole.
    pub(super) fn go_on(&mut self, now: Instant) {
        match self.phase {
            Phase::Replacing => self.go_on_replacing(now),
            Phase::Keeping | Phase::Leaving { .. } | Phase::Finished => self.go_on_recycling(now),
        }
        while self.slots.len() > self.wanted
            && self.slots.last().is_some_and(|slot| matches!(slot.state, State::Vacant))
        {
            self.slots.pop();
        }
        if matches!(self.phase, Phase::Leaving { .. }) && self.slots.is_empty() {
            self.phase = Phase::Finished;
            self.report(SupervisorEvent::Finished);
        }
    }

    fn go_on_replacing(&mut self, now: Instant) {
        let slots = &mut self.slots[..self.wanted];
        // What was given up while it still ran what is to be replaced says nothing of its successor.
        for slot in slots.iter_mut() {
            if matches!(slot.state, State::GivenUp) && slot.generation < self.generation {
                slot.start_afresh();
            }
        }
        if let Some(slot) = slots.iter().position(|slot| matches!(slot.state, State::GivenUp)) {
            self.phase = Phase::Keeping;
            self.report(SupervisorEvent::ReplacementHalted { slot });
        } else if slots.iter().all(|slot| matches!(slot.state, State::Ready { .. })) {
            match slots.iter().position(|slot| slot.generation < self.generation) {
                Some(index) => {
                    let kill_at = after(now, self.settings.drain);
                    self.stop(now, index, kill_at);
                }
                None => {
                    self.phase = Phase::Keeping;
                    self.report(SupervisorEvent::Replaced);
                }
            }
        }
    }

    /// This slot is no longer wanted.
    fn retire(&mut self, now: Instant, index: usize, kill_at: Instant) {
        match self.slots[index].state {
            State::Due | State::Backoff { .. } | State::GivenUp => self.slots[index].state = State::Vacant,
            State::Starting { .. } | State::Ready { .. } => self.stop(now, index, kill_at),
            State::Stopping { .. } => self.hasten(now, index, kill_at),
            // What is being started is stopped as soon as it is there.
            State::Vacant | State::Spawning => {}
        }
    }

    /// Tells the process in this slot to end, and when it will be made to.
    pub(super) fn stop(&mut self, now: Instant, index: usize, kill_at: Instant) {
        let (pid, since, registered) = match self.slots[index].state {
            State::Starting { pid, since, .. } => (pid, since, false),
            State::Ready { pid, since, .. } => (pid, since, true),
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Backoff { .. }
            | State::Stopping { .. }
            | State::GivenUp => return,
        };
        self.slots[index].state =
            State::Stopping { pid, since, registered, why: Stop::Asked, kill_at: Some(kill_at) };
        if kill_at > now {
            self.actions.push_back(Action::Terminate { pid });
        } else {
            self.hasten(now, index, now);
        }
    }

    /// Brings the end of a process that was told to end forward.
    pub(super) fn hasten(&mut self, now: Instant, index: usize, earlier: Instant) {
        let State::Stopping { pid, kill_at, .. } = &mut self.slots[index].state else { return };
        let Some(standing) = *kill_at else { return };
        if standing.min(earlier) > now {
            *kill_at = Some(standing.min(earlier));
        } else {
            *kill_at = None;
            self.actions.push_back(Action::Kill { pid: *pid });
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
