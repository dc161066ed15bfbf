//! What follows when a process has ended. Part of the policy, and as pure.

use super::slot::{State, Stop};
use super::{Phase, Policy, Readiness, StartFailure, SupervisorEvent, WorkerExit};
use std::time::{Duration, Instant};

/// How long a master may take to say that a worker left well, after the worker's process has ended.
const WORD_WITHIN: Duration = Duration::from_millis(200);

impl Policy {
    pub(super) fn exited(&mut self, now: Instant, pid: u32, exit: Option<WorkerExit>) {
        let Some(index) = self.find(pid) else { return };
        if let Some(ended) = self.slots[index].predecessor.take_if(|state| state.pid() == Some(pid)) {
            return self.predecessor_exited(now, index, exit, &ended);
        }
        let ended = std::mem::replace(&mut self.slots[index].state, State::Vacant);
        self.slots[index].trial_until = None;
        self.report_exit(now, index, exit, &ended);
        if index >= self.wanted {
            return;
        }
        match ended {
            // The news of its registration may be on its way, and of its leaving too.
            State::Starting { pid, .. } if exit == Some(WorkerExit::Status(0)) => {
                let state = State::Parted { pid, worker: pid, registered: false, until: now + WORD_WITHIN };
                self.slots[index].state = state;
            }
            State::Starting { .. } => self.start_failed(now, index, StartFailure::Exited(exit)),
            State::Stopping { why: Stop::NotRegistered { within }, .. } => {
                self.start_failed(now, index, StartFailure::NotRegistered { within });
            }
            State::Stopping { why: Stop::Asked, .. } => self.slots[index].start_afresh(),
            State::Ready { ready_since, .. } if now - ready_since >= self.settings.stable_after => {
                self.slots[index].start_afresh();
            }
            State::Ready { pid, worker, left, .. } if exit == Some(WorkerExit::Status(0)) => {
                // Without a master here, a life that was long enough to be ready has to do.
                if left || matches!(self.settings.readiness, Readiness::Lives { .. }) {
                    self.follow_at_once(index, pid);
                } else {
                    self.slots[index].state =
                        State::Parted { pid, worker, registered: true, until: now + WORD_WITHIN };
                }
            }
            State::Ready { .. } => self.ended_early(now, index, exit),
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Backoff { .. }
            | State::Parted { .. }
            | State::GivenUp => {
                unreachable!("found by its process")
            }
        }
    }

    /// A worker's master is done with it, before its process has ended or after.
    pub(super) fn left(&mut self, gone: u32) {
        for index in 0..self.slots.len() {
            match &mut self.slots[index].state {
                State::Parted { pid, worker, .. } if *worker == gone => {
                    let pid = *pid;
                    self.follow_at_once(index, pid);
                }
                State::Ready { worker, left, .. } if *worker == gone => *left = true,
                State::Parted { .. }
                | State::Ready { .. }
                | State::Vacant
                | State::Due
                | State::Spawning
                | State::Starting { .. }
                | State::Backoff { .. }
                | State::Stopping { .. }
                | State::GivenUp => {}
            }
        }
    }

    /// A worker that answered jobs is followed at once, however short its life was. Where none are answered, the back-off
    /// bounds a program that only comes and goes.
    fn follow_at_once(&mut self, index: usize, pid: u32) {
        self.slots[index].start_afresh();
        self.report(SupervisorEvent::Left { slot: index, pid });
    }

    /// A worker did not live long enough. If it came with a replacement, that says something of the new program.
    pub(super) fn ended_early(&mut self, now: Instant, index: usize, exit: Option<WorkerExit>) {
        let slot = &mut self.slots[index];
        if matches!(self.phase, Phase::Replacing) && slot.generation == self.generation {
            slot.failing = Some(StartFailure::EndedEarly(exit));
        }
        self.back_off(now, index);
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
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Backoff { .. }
            | State::Parted { .. }
            | State::GivenUp => return,
        };
        self.report(SupervisorEvent::Exited { slot, pid, exit, registered, asked, uptime: now - since });
    }
}
