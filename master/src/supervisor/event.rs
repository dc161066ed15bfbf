//! What a supervisor tells: the doc comments here are the specification. Only data; nothing here acts.

use super::error::SpawnError;
use super::recycling::Wear;
use crate::common::WorkerExit;
use std::fmt;
use std::time::Duration;

/// Something happened to a worker process. Slots are numbered from 0; the process in a slot changes, its number stays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SupervisorEvent {
    /// A process was started.
    Spawned {
        /// Its slot.
        slot: usize,
        /// Its process id.
        pid: u32,
    },
    /// A process could not be started; tried again later unless [`SupervisorEvent::GivenUp`] follows.
    SpawnFailed {
        /// The slot that stays empty.
        slot: usize,
        /// Why.
        error: SpawnError,
    },
    /// A process ended, whatever the reason. Told before anything else is done about it.
    Exited {
        /// Its slot.
        slot: usize,
        /// The process id that it had.
        pid: u32,
        /// How it ended; `None` where another part of this program waited for the child first (or ignores SIGCHLD).
        exit: Option<WorkerExit>,
        /// Whether it had ever become ready.
        registered: bool,
        /// Whether the supervisor had asked it to end.
        asked: bool,
        /// From its start to its end.
        uptime: Duration,
    },
    /// A worker that had answered jobs ended by itself with status 0, as those do that fear leaks. The next process in its
    /// slot starts at once.
    Left {
        /// Its slot.
        slot: usize,
        /// The process id that it had.
        pid: u32,
    },
    /// The next process of a slot starts only after a wait: the one before failed to start, or did not live long enough.
    Waits {
        /// The slot.
        slot: usize,
        /// How long.
        wait: Duration,
        /// Such starts and lives in a row.
        short_lives: u32,
    },
    /// A process did not register in time. It is killed, which counts as a failed start.
    NotRegistered {
        /// Its slot.
        slot: usize,
        /// Its process id.
        pid: u32,
        /// The time that it had.
        within: Duration,
        /// How many others were starting too.
        others: usize,
    },
    /// A slot failed to start too often in a row and stays empty until all workers are replaced.
    GivenUp {
        /// The slot.
        slot: usize,
        /// What happened the last time.
        failure: StartFailure,
        /// Failed starts in a row.
        failures: u32,
    },
    /// A slot's next process failed to start too often in a row. The one before works on. When all workers are being
    /// replaced, [`SupervisorEvent::ReplacementHalted`] follows; else it is tried again, for ever.
    NotReplaced {
        /// The slot.
        slot: usize,
        /// What happened the last time.
        failure: StartFailure,
        /// Failed starts in a row.
        failures: u32,
    },
    /// A worker is replaced, as it is worn: it is told to end when the next process in its slot is ready.
    Recycled {
        /// Its slot.
        slot: usize,
        /// Its process id.
        pid: u32,
        /// Why.
        wear: Wear,
    },
    /// All workers run what was current when their replacement was last asked for.
    Replaced,
    /// The replacement stopped, as new workers do not start in this slot, or end soon after they have registered. All
    /// workers not yet replaced work on; without room for another process the one of this slot had to end first.
    ReplacementHalted {
        /// The slot.
        slot: usize,
        /// How many workers work on.
        working: usize,
    },
    /// After a stop: the last process has ended. Nothing follows.
    Finished,
}

/// Why a start counts as failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StartFailure {
    /// There was no process at all.
    NotSpawned(SpawnError),
    /// The process ended before it was ready (`None`: it is not known how).
    Exited(Option<WorkerExit>),
    /// The process registered and ended soon after, while it was to replace another.
    EndedEarly(Option<WorkerExit>),
    /// The process lived but did not register in time, and was killed.
    NotRegistered {
        /// The time that it had.
        within: Duration,
    },
}

impl StartFailure {
    /// Whether the process said that another start would end alike.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, StartFailure::Exited(Some(exit)) if exit.is_final())
    }
}

impl fmt::Display for StartFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartFailure::NotSpawned(error) => error.fmt(formatter),
            // It did what it does, and knows nothing of a master.
            StartFailure::Exited(Some(WorkerExit::Status(0))) => formatter.write_str(
                "it ended before it registered, with exit status 0; a program that is no worker by itself is made one: \
                 powerhose work -- PROGRAM",
            ),
            StartFailure::Exited(Some(exit)) if exit.is_final() => write!(
                formatter,
                "it ended before it registered: {exit}, which says that no start can succeed; what it printed says why"
            ),
            StartFailure::Exited(Some(exit)) => write!(formatter, "it ended before it registered: {exit}"),
            StartFailure::Exited(None) => formatter.write_str("it ended before it registered"),
            StartFailure::EndedEarly(Some(exit)) => write!(formatter, "it ended soon after it had registered: {exit}"),
            StartFailure::EndedEarly(None) => formatter.write_str("it ended soon after it had registered"),
            StartFailure::NotRegistered { within } => write!(
                formatter,
                "it did not register within {within:?}; --worker-start gives one that needs longer to load more time"
            ),
        }
    }
}
