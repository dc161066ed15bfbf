//! How a process begins: made, registered, late, or failed. Part of the policy, and as pure.

use super::slot::{State, Stop};
use super::{Action, LATE, Phase, Policy, Readiness, SpawnError, StartFailure, SupervisorEvent, after};
use crate::supervisor::backoff::backoff;
use std::time::{Duration, Instant};

/// How often the time for a start doubles for the slot whose starts are late.
const LATE_STARTS_MAX: u32 = 2;

/// How long the first worker of a new program lives before the one that it replaces is told to end.
const TRIAL: Duration = Duration::from_secs(1);

impl Policy {
    /// The slot whose turn it is to start a process, if anybody's.
    pub(super) fn next_start(&self) -> Option<usize> {
        if let Readiness::Registers { .. } = self.settings.readiness {
            let starting = self.slots.iter().filter(|slot| slot.is_starting()).count();
            if starting >= self.settings.starting_max.max(1) {
                return None;
            }
        }
        self.slots.iter().position(|slot| matches!(slot.state, State::Due))
    }

    pub(super) fn spawned(&mut self, now: Instant, index: usize, pid: u32) {
        let ready_by = after(now, self.start_limit(index));
        let slot = &mut self.slots[index];
        assert!(matches!(slot.state, State::Spawning), "process {pid} in a slot that asked for none");
        slot.state = State::Starting { pid, since: now, ready_by };
        self.report(SupervisorEvent::Spawned { slot: index, pid });
        if index >= self.wanted {
            let kill_at = self.kill_at(now);
            self.actions.extend(self.slots[index].state.stop(now, kill_at));
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

    pub(super) fn registered(&mut self, now: Instant, pid: u32, by: u32) {
        let Some(index) = self.find(pid) else { return self.has_registered(pid, by) };
        match self.slots[index].state {
            State::Starting { pid: starting, since, .. } if starting == pid => {
                self.ready(now, index, pid, since);
                self.registered(now, pid, by);
            }
            State::Stopping { pid: stopping, ref mut registered, .. } if stopping == pid => {
                *registered = true;
            }
            // A worker registers anew when its connection broke, or its wrapper started another.
            State::Ready { pid: ready, ref mut worker, .. } if ready == pid => *worker = by,
            State::Ready { .. } | State::Starting { .. } | State::Stopping { .. } => {}
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Backoff { .. }
            | State::Parted { .. }
            | State::GivenUp => {}
        }
    }

    /// A process has registered that has already ended.
    fn has_registered(&mut self, ended: u32, by: u32) {
        for slot in &mut self.slots {
            if let State::Parted { pid, worker, registered, .. } = &mut slot.state
                && *pid == ended
            {
                (*worker, *registered) = (by, true);
            }
        }
    }

    /// The newest process works: the one before it is not needed, unless this one is the first of a new program.
    fn ready(&mut self, now: Instant, index: usize, pid: u32, since: Instant) {
        self.has_worked = true;
        let too_old_at = self.too_old_at(now);
        let is_tried = self.is_tried();
        let slot = &mut self.slots[index];
        slot.start_failures = 0;
        slot.late_starts = 0;
        slot.failing = None;
        slot.state =
            State::Ready { pid, worker: pid, since, ready_since: now, too_old_at, worn: None, left: false };
        if slot.is_held() && !is_tried {
            slot.trial_until = Some(after(now, self.settings.stable_after.min(TRIAL)));
        } else {
            self.relieve(now, index);
        }
    }

    /// Whether the program that starts now is known to live on once it has registered.
    fn is_tried(&self) -> bool {
        let replacing = matches!(self.phase, Phase::Replacing);
        let lives = matches!(self.settings.readiness, Readiness::Lives { .. });
        lives || !replacing || self.generation_tried == self.generation
    }

    /// The first worker of a new program has lived for a while.
    pub(super) fn is_proven(&mut self, now: Instant, index: usize) {
        self.slots[index].trial_until = None;
        self.generation_tried = self.generation;
        self.relieve(now, index);
    }

    /// The process before the newest is not needed any more.
    fn relieve(&mut self, now: Instant, index: usize) {
        let kill_at = self.kill_at(now);
        let predecessor = self.slots[index].predecessor.as_mut();
        self.actions.extend(predecessor.and_then(|state| state.stop(now, kill_at)));
    }

    /// The time is over in which a process was to register, or to live.
    pub(super) fn is_late(&mut self, now: Instant, index: usize, late: u32) {
        let within = self.start_limit(index);
        let others = self.slots.iter().filter(|slot| slot.is_starting()).count() - 1;
        let slot = &mut self.slots[index];
        let State::Starting { pid, since, ref mut ready_by } = slot.state else { return };
        match self.settings.readiness {
            Readiness::Lives { .. } => self.registered(now, late, late),
            Readiness::Registers { .. } if now - *ready_by >= LATE => *ready_by = after(now, within),
            Readiness::Registers { .. } => {
                let why = Stop::NotRegistered { within };
                slot.late_starts = slot.late_starts.saturating_add(1);
                slot.state = State::Stopping { pid, since, registered: false, why, kill_at: None };
                self.report(SupervisorEvent::NotRegistered { slot: index, pid, within, others });
                self.actions.push_back(Action::Kill { pid });
            }
        }
    }

    /// A start that counts has failed. Where the process before works on, that is never the end of it: only an order to
    /// replace gives up.
    pub(super) fn start_failed(&mut self, now: Instant, index: usize, failure: StartFailure) {
        let slot = &mut self.slots[index];
        slot.start_failures = slot.start_failures.saturating_add(1);
        let failures = slot.start_failures;
        let never_starts = failure.is_final() && !self.has_worked;
        if never_starts {
            self.give_up_those_due(&failure);
        }
        let slot = &mut self.slots[index];
        // What an earlier replacement left says nothing of this one.
        if matches!(slot.failing, Some(StartFailure::EndedEarly(_))) {
            slot.failing = Some(failure.clone());
        }
        if failures < self.settings.start_failures_max && !never_starts {
            return self.back_off(now, index);
        }
        slot.failing = Some(failure.clone());
        if !slot.is_held() {
            slot.state = State::GivenUp;
            return self.report(SupervisorEvent::GivenUp { slot: index, failure, failures });
        }
        if failures == self.settings.start_failures_max {
            self.report(SupervisorEvent::NotReplaced { slot: index, failure, failures });
        }
        self.back_off(now, index);
    }

    /// Those that have had no turn would fare alike.
    fn give_up_those_due(&mut self, failure: &StartFailure) {
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            if matches!(slot.state, State::Due) {
                slot.failing = Some(failure.clone());
                slot.state = State::GivenUp;
                self.report(SupervisorEvent::GivenUp { slot: index, failure: failure.clone(), failures: 0 });
            }
        }
    }

    pub(super) fn back_off(&mut self, now: Instant, index: usize) {
        let slot = &mut self.slots[index];
        slot.short_lives = slot.short_lives.saturating_add(1);
        let wait = backoff(&self.settings, slot.short_lives, &mut self.random);
        slot.state = State::Backoff { until: after(now, wait) };
        let short_lives = slot.short_lives;
        self.report(SupervisorEvent::Waits { slot: index, wait, short_lives });
    }

    /// It grows with each late start: the machine may have more to do than was thought.
    fn start_limit(&self, index: usize) -> Duration {
        match self.settings.readiness {
            Readiness::Registers { within } => {
                within.saturating_mul(1 << self.slots[index].late_starts.min(LATE_STARTS_MAX))
            }
            Readiness::Lives { throughout } => throughout,
        }
    }
}
