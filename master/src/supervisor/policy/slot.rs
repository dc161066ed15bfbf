//! A worker's place, and the processes in it: states, and questions about them. The policy decides what follows.

use super::Action;
use crate::supervisor::event::StartFailure;
use crate::supervisor::recycling::Wear;
use std::time::{Duration, Instant};

/// A worker's place. Processes come and go in it; for a moment there are two.
#[derive(Debug)]
pub(super) struct Slot {
    /// The newest process.
    pub(super) state: State,
    /// The process before it, which is being replaced: [`State::Ready`], so that it works on, until the newest is ready
    /// too; then [`State::Stopping`], until it has ended.
    pub(super) predecessor: Option<State>,
    /// The generation that the newest process was started for.
    pub(super) generation: u64,
    /// The newest process is ready, and the first of a new program: until then the one before it works on.
    pub(super) trial_until: Option<Instant>,
    /// Starts in a row that never became ready.
    pub(super) start_failures: u32,
    /// The last of them that did not register in time.
    pub(super) late_starts: u32,
    /// Lives in a row that were too short, ready or not: how far the back-off has grown.
    pub(super) short_lives: u32,
    /// Why new processes do not start here, from the last failure that counts until one becomes ready.
    pub(super) failing: Option<StartFailure>,
}

/// What is in a slot.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing, and nothing is wanted.
    Vacant,
    /// Nothing; to be started as soon as the thread comes to it.
    Due,
    /// The thread was told to start a process and has not yet answered.
    Spawning,
    /// A process that is not ready yet.
    Starting { pid: u32, since: Instant, ready_by: Instant },
    /// A process that works; `worn` once it is to be replaced, `left` once its master has nothing more to do with it.
    Ready {
        pid: u32,
        /// The process that registered: this one, or one that it has started.
        worker: u32,
        since: Instant,
        ready_since: Instant,
        too_old_at: Option<Instant>,
        worn: Option<Wear>,
        left: bool,
    },
    /// Nothing, until it is time to start again.
    Backoff { until: Instant },
    /// Nothing: the process ended with status 0, and until then its master may yet say that it left well.
    Parted { pid: u32, worker: u32, registered: bool, until: Instant },
    /// A process that was told to end; `kill_at` is `None` once it was killed.
    Stopping { pid: u32, since: Instant, registered: bool, why: Stop, kill_at: Option<Instant> },
    /// Nothing: it failed to start too often.
    GivenUp,
}

/// Why a process was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is to be replaced or no longer wanted.
    Asked,
    /// It did not register within this time.
    NotRegistered { within: Duration },
}

impl Slot {
    pub(super) fn vacant() -> Slot {
        Slot {
            state: State::Vacant,
            predecessor: None,
            generation: 0,
            trial_until: None,
            start_failures: 0,
            late_starts: 0,
            short_lives: 0,
            failing: None,
        }
    }

    /// To be started at once, with nothing held against it.
    pub(super) fn start_afresh(&mut self) {
        self.state = State::Due;
        self.forgive();
    }

    /// The next process is to be started while the one in it works on.
    pub(super) fn start_successor(&mut self) {
        self.predecessor = Some(std::mem::replace(&mut self.state, State::Due));
        self.forgive();
    }

    /// No successor is wanted any longer: the process before works on as if nothing had been. What has begun to start ends.
    pub(super) fn forget_successor(&mut self, now: Instant, kill_at: Instant) -> Option<Action> {
        let predecessor = self.predecessor.take()?;
        let mut successor = std::mem::replace(&mut self.state, predecessor);
        self.trial_until = None;
        self.forgive();
        let action = successor.stop(now, kill_at);
        self.predecessor = Some(successor).filter(|successor| successor.pid().is_some());
        action
    }

    pub(super) fn forgive(&mut self) {
        self.start_failures = 0;
        self.short_lives = 0;
    }

    /// Whether a process works here while its successor does not yet.
    pub(super) fn is_held(&self) -> bool {
        matches!(self.predecessor, Some(State::Ready { .. }))
    }

    /// Whether it has a worker, and no other process.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.state, State::Ready { .. }) && self.predecessor.is_none()
    }

    /// Whether nothing is in it and nothing is wanted.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.state, State::Vacant) && self.predecessor.is_none()
    }

    /// The process with this id, if it is here.
    pub(super) fn process(&self, pid: u32) -> Option<&State> {
        self.states().find(|state| state.pid() == Some(pid))
    }

    /// Of the process before and the newest.
    pub(super) fn states(&self) -> impl Iterator<Item = &State> {
        self.predecessor.iter().chain([&self.state])
    }

    pub(super) fn states_mut(&mut self) -> impl Iterator<Item = &mut State> {
        self.predecessor.iter_mut().chain([&mut self.state])
    }

    /// Whether a process is on its way to become ready.
    pub(super) fn is_starting(&self) -> bool {
        matches!(self.state, State::Spawning | State::Starting { .. })
    }

    /// When something is due here, and what.
    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        // A process that is being replaced is not replaced for its age, too.
        let predecessor = self.predecessor.as_ref().filter(|state| !matches!(state, State::Ready { .. }));
        let trial = self.trial_until.map(|until| (until, "trial of a new program"));
        let deadlines = [predecessor.and_then(State::deadline), self.state.deadline(), trial];
        deadlines.into_iter().flatten().min_by_key(|(deadline, _)| *deadline)
    }
}

impl State {
    /// The process, until it was reported to have ended.
    pub(super) fn pid(&self) -> Option<u32> {
        match *self {
            State::Starting { pid, .. } | State::Ready { pid, .. } | State::Stopping { pid, .. } => Some(pid),
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Backoff { .. }
            | State::Parted { .. }
            | State::GivenUp => None,
        }
    }

    /// Whether something is due by now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|(deadline, _)| deadline <= now)
    }

    fn deadline(&self) -> Option<(Instant, &'static str)> {
        match *self {
            State::Starting { ready_by, .. } => Some((ready_by, "worker start")),
            State::Backoff { until } => Some((until, "back-off before a restart")),
            State::Parted { until, .. } => Some((until, "word of a worker that has ended")),
            State::Stopping { kill_at: Some(kill_at), .. } => {
                Some((kill_at, "kill a worker that does not stop"))
            }
            State::Ready { too_old_at: Some(too_old_at), worn: None, .. } => {
                Some((too_old_at, "age of a worker"))
            }
            State::Stopping { kill_at: None, .. }
            | State::Vacant
            | State::Due
            | State::Spawning
            | State::Ready { .. }
            | State::GivenUp => None,
        }
    }

    /// Tells the process to end, and when it will be made to. The action is what is to be done.
    pub(super) fn stop(&mut self, now: Instant, kill_at: Instant) -> Option<Action> {
        let (pid, since, registered) = match *self {
            State::Starting { pid, since, .. } => (pid, since, false),
            State::Ready { pid, since, .. } => (pid, since, true),
            State::Stopping { .. } => return self.hasten(now, kill_at),
            State::Vacant
            | State::Due
            | State::Spawning
            | State::Backoff { .. }
            | State::Parted { .. }
            | State::GivenUp => {
                return None;
            }
        };
        *self = State::Stopping { pid, since, registered, why: Stop::Asked, kill_at: Some(kill_at) };
        if kill_at > now { Some(Action::Terminate { pid }) } else { self.hasten(now, now) }
    }

    /// Brings the end of a process that was told to end forward.
    pub(super) fn hasten(&mut self, now: Instant, earlier: Instant) -> Option<Action> {
        let State::Stopping { pid, kill_at, .. } = self else { return None };
        let standing = (*kill_at)?;
        let kill = standing.min(earlier);
        *kill_at = Some(kill).filter(|kill| *kill > now);
        if kill > now { None } else { Some(Action::Kill { pid: *pid }) }
    }
}
