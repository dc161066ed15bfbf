//! What happens when. Events of the same instant happen in the order in which they were planned.

use crate::network::{ConnectionId, Way};
use crate::process::ProcessId;
use powerhose::WorkerExit;
use powerhose::desk::Route;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Something that is going to happen.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    /// The first message on this way of a connection arrives.
    Arrives(ConnectionId, Way),
    /// A process's loop wakes up, unless another time was planned meanwhile.
    Turn(ProcessId),
    /// The master's loop wakes up, unless another time was planned meanwhile.
    MasterTurn,
    /// A handler returns.
    HandlerEnds(ProcessId, u64),
    /// The master's wire sees the end of a connection, after what came over it.
    SeesEnd(Route),
    /// The wire tells the master that a connection may have ended.
    Hint(Route),
    /// A peer's side of a connection notices that it ended.
    PeerLearns(ConnectionId),
    /// The master's side gives up a connection that has carried nothing for too long.
    CarriesNothing(ConnectionId),
    /// A process tries to connect.
    Connects(ProcessId),
    /// A stopped process goes on.
    Continues(ProcessId),
    /// A process takes a seat that another left.
    Starts(usize),
    /// The supervisor tells the master how a process of this master ended.
    ExitKnown(u64, u32, WorkerExit),
    /// A paused master goes on.
    MasterContinues(u64),
    /// A new master takes the place of the one that ended.
    MasterStarts,
    /// A lying worker says something again, or late.
    Echoes(ProcessId),
}

struct Planned {
    at: Instant,
    sequence: u64,
    due: Due,
}

/// The future.
#[derive(Default)]
pub(crate) struct Schedule {
    planned: BinaryHeap<Planned>,
    sequence: u64,
}

impl Schedule {
    pub(crate) fn plan(&mut self, at: Instant, due: Due) {
        self.sequence += 1;
        self.planned.push(Planned { at, sequence: self.sequence, due });
    }

    /// What happens next, if it happens until then.
    pub(crate) fn pop_until(&mut self, until: Instant) -> Option<(Instant, Due)> {
        if self.planned.peek()?.at > until {
            return None;
        }
        self.planned.pop().map(|planned| (planned.at, planned.due))
    }
}

impl Ord for Planned {
    /// The earliest is the greatest.
    fn cmp(&self, other: &Planned) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Planned) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Planned) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Planned {}
