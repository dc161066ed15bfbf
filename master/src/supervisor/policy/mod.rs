//! What to do about workers that start, register, fail and end: a pure state machine. Events and the time go in,
//! actions come out. It never touches a process, a thread, a clock or a random source.
//!
//! * A worker that ends by itself starts again: at once if it was ready for long enough or left with its jobs answered, else
//!   after a back-off.
//! * Only so many workers start at once. The others wait for their turn, from which their time counts.
//! * A worker that fails to start too often in a row is given up.
//! * A replacement takes one worker at a time, and goes on only while all others are ready. The old one works on until the
//!   new one is ready, and the first new one has lived for a while: where the new program does not start or ends at once,
//!   nobody has left.

mod ends;
mod fleet;
mod pauses;
mod recycle;
mod replace;
mod slot;
mod starts;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use super::error::SpawnError;
use super::event::{StartFailure, SupervisorEvent};
use super::recycling::Wear;
use super::settings::{Readiness, SupervisorSettings, WORKERS_MAX};
use crate::common::WorkerExit;
use powerhose_protocol::Random;
use slot::{Slot, State};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A deadline noticed later than this says that we were paused, not that the worker is late: its time starts anew.
const LATE: Duration = Duration::from_secs(1);

/// Stands for "never", where adding a duration would overflow.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    /// [`Action::Spawn`] was done.
    Spawned { slot: usize, pid: u32 },
    /// [`Action::Spawn`] could not be done.
    SpawnFailed { slot: usize, error: SpawnError },
    /// The process registered with the master, or `worker` did, which it has started. An unknown one is ignored.
    Registered { pid: u32, worker: u32 },
    /// What had registered is gone from its master, had answered jobs and left none. An unknown one is ignored.
    Left { worker: u32 },
    /// The process has ended; its id may be used for another one from now on.
    Exited { pid: u32, exit: Option<WorkerExit> },
    /// Keep so many workers, at most [`WORKERS_MAX`].
    Resize { workers: usize },
    /// Replace each worker once, one after the other; try those that were given up again.
    ReplaceAll,
    /// Replace this worker when its turn comes. An unknown one is ignored.
    Worn { pid: u32, wear: Wear },
    /// End all workers, those that still run after this time by force. A later one can only shorten the time.
    StopAll { within: Duration },
}

/// What to do, in this order.
#[derive(Debug)]
pub(super) enum Action {
    /// Start a process, and answer with [`Event::Spawned`] or [`Event::SpawnFailed`].
    Spawn { slot: usize },
    /// Ask a process to end.
    Terminate { pid: u32 },
    /// End a process and all that it started.
    Kill { pid: u32 },
    /// Tell the owner.
    Report(SupervisorEvent),
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// As many workers as are wanted.
    Keeping,
    /// The same, while those of earlier generations are replaced.
    Replacing,
    /// All are to end.
    Leaving {
        kill_at: Instant,
    },
    Finished,
}

/// The state machine.
#[derive(Debug)]
pub(super) struct Policy {
    settings: SupervisorSettings,
    random: Random,
    phase: Phase,
    slots: Vec<Slot>,
    wanted: usize,
    /// Counts the replacements that were asked for.
    generation: u64,
    /// The last of them whose program was tried: its first worker lived for a while.
    generation_tried: u64,
    /// Whether any process was ever ready: then the program can work, and what says otherwise may pass.
    has_worked: bool,
    actions: VecDeque<Action>,
}

impl Policy {
    /// Keeps no worker before the first [`Event::Resize`].
    pub(super) fn new(settings: SupervisorSettings, seed: u64) -> Policy {
        Policy {
            settings,
            random: Random::new(seed),
            phase: Phase::Keeping,
            slots: Vec::new(),
            wanted: 0,
            generation: 0,
            generation_tried: 0,
            has_worked: false,
            actions: VecDeque::new(),
        }
    }

    pub(super) fn handle(&mut self, now: Instant, event: Event) {
        match event {
            Event::Spawned { slot, pid } => self.spawned(now, slot, pid),
            Event::SpawnFailed { slot, error } => self.spawn_failed(now, slot, error),
            Event::Registered { pid, worker } => self.registered(now, pid, worker),
            Event::Left { worker } => self.left(worker),
            Event::Exited { pid, exit } => self.exited(now, pid, exit),
            Event::Resize { workers } => self.resize(now, workers),
            Event::ReplaceAll => self.replace_all(),
            Event::Worn { pid, wear } => self.worn(pid, wear),
            Event::StopAll { within } => self.stop_all(now, within),
        }
        self.go_on(now);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for index in 0..self.slots.len() {
            if self.slots[index].deadline().is_some_and(|(deadline, _)| deadline <= now) {
                self.expire(now, index);
            }
        }
        self.go_on(now);
    }

    /// Starts come last: a death is reported before the next process, which takes its time, is made.
    pub(super) fn poll_action(&mut self) -> Option<Action> {
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        let slot = self.next_start()?;
        self.slots[slot].state = State::Spawning;
        self.slots[slot].generation = self.generation;
        Some(Action::Spawn { slot })
    }

    /// When [`Policy::handle_timeout`] is due, and why.
    pub(super) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.slots.iter().filter_map(Slot::deadline).min_by_key(|(deadline, _)| *deadline)
    }

    /// Whether the last process has ended after a stop. Nothing is done any more.
    pub(super) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    /// Why new processes do not start in the first slot where they do not.
    pub(super) fn failing(&self) -> Option<&StartFailure> {
        self.slots.iter().find_map(|slot| slot.failing.as_ref())
    }

    /// What follows from the slots as a whole.
    fn go_on(&mut self, now: Instant) {
        match self.phase {
            Phase::Replacing => self.go_on_replacing(now),
            Phase::Keeping | Phase::Leaving { .. } | Phase::Finished => self.go_on_recycling(now),
        }
        while self.slots.len() > self.wanted && self.slots.last().is_some_and(Slot::is_empty) {
            self.slots.pop();
        }
        if matches!(self.phase, Phase::Leaving { .. }) && self.slots.is_empty() {
            self.phase = Phase::Finished;
            self.report(SupervisorEvent::Finished);
        }
    }

    /// Something in this slot is due.
    fn expire(&mut self, now: Instant, index: usize) {
        let slot = &mut self.slots[index];
        let late = slot.predecessor.as_mut().filter(|predecessor| predecessor.is_due(now));
        self.actions.extend(late.and_then(|predecessor| predecessor.hasten(now, now)));
        if slot.trial_until.is_some_and(|until| until <= now) {
            self.is_proven(now, index);
        }
        let slot = &mut self.slots[index];
        if !slot.state.is_due(now) {
            return;
        }
        match slot.state {
            State::Starting { pid, .. } => self.is_late(now, index, pid),
            State::Backoff { .. } => slot.state = State::Due,
            State::Parted { registered: true, .. } => {
                self.ended_early(now, index, Some(WorkerExit::Status(0)));
            }
            State::Parted { registered: false, .. } => {
                self.start_failed(now, index, StartFailure::Exited(Some(WorkerExit::Status(0))));
            }
            State::Stopping { .. } => self.actions.extend(slot.state.hasten(now, now)),
            State::Ready { pid, .. } => self.worn(pid, Wear::Age),
            State::Vacant | State::Due | State::Spawning | State::GivenUp => {}
        }
    }

    fn find(&self, pid: u32) -> Option<usize> {
        self.slots.iter().position(|slot| slot.process(pid).is_some())
    }

    fn report(&mut self, event: SupervisorEvent) {
        self.actions.push_back(Action::Report(event));
    }
}

fn after(now: Instant, duration: Duration) -> Instant {
    now.checked_add(duration).unwrap_or(now + FAR)
}
