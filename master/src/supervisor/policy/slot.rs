//! A worker's place, and the process in it: states, and questions about them. The policy decides what follows.

use crate::supervisor::recycling::Wear;
use std::time::Instant;

/// A worker's place. Processes come and go in it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) state: State,
    /// The generation that the process in it was started for.
    pub(super) generation: u64,
    /// Starts in a row that never became ready.
    pub(super) start_failures: u32,
    /// Lives in a row that were too short, ready or not: how far the back-off has grown.
    pub(super) short_lives: u32,
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
    /// A process that works; `worn` once it is to be replaced.
    Ready { pid: u32, since: Instant, ready_since: Instant, too_old_at: Option<Instant>, worn: Option<Wear> },
    /// Nothing, until it is time to start again.
    Backoff { until: Instant },
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
    /// It did not register in time.
    NotRegistered,
}

impl Slot {
    pub(super) fn vacant() -> Slot {
        Slot { state: State::Vacant, generation: 0, start_failures: 0, short_lives: 0 }
    }

    /// To be started at once, with nothing held against it.
    pub(super) fn start_afresh(&mut self) {
        self.state = State::Due;
        self.start_failures = 0;
        self.short_lives = 0;
    }

    /// The process in it, until it was reported to have ended.
    pub(super) fn pid(&self) -> Option<u32> {
        match self.state {
            State::Starting { pid, .. } | State::Ready { pid, .. } | State::Stopping { pid, .. } => Some(pid),
            State::Vacant | State::Due | State::Spawning | State::Backoff { .. } | State::GivenUp => None,
        }
    }

    /// When something is due here, and what.
    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self.state {
            State::Starting { ready_by, .. } => Some((ready_by, "worker start")),
            State::Backoff { until } => Some((until, "back-off before a restart")),
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
}
