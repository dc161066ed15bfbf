//! What a supervisor can be told, and every default it has. Only data; nothing here acts.

use super::recycling::Recycling;
use crate::cores::cores;
use std::time::Duration;

/// The most workers one supervisor keeps. More are not started: it is what a master accepts.
pub const WORKERS_MAX: usize = 4096;

/// When a started process counts as a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// When [`Supervisor::registered`](super::Supervisor::registered) names it. A process that has not come so far
    /// within this time is reported, killed and counted as a failed start.
    Registers {
        /// From the start of the process. Twice as long where the last start was late, and four times where the last two
        /// were or more.
        within: Duration,
    },
    /// When it has lived this long: for workers of a master elsewhere, whose registrations nobody here sees.
    Lives {
        /// From the start of the process.
        throughout: Duration,
    },
}

/// How a supervisor treats its workers.
#[derive(Clone, Debug, PartialEq)]
pub struct SupervisorSettings {
    /// Workers to keep running, at most [`WORKERS_MAX`]. Default: [`cores`].
    pub workers: usize,
    /// When a process counts as a worker. Default: it registers within 10 s.
    pub readiness: Readiness,
    /// Processes that start at once and have not yet registered; the others wait for their turn, so that many that load
    /// slowly do not make each other late. Without registration ([`Readiness::Lives`]) all start at once. At least 1.
    /// Default: [`cores`].
    pub starting_max: usize,
    /// Processes beyond `workers` while workers are replaced: the new one is started first, and the old one ends when the
    /// new one is ready. With 0 the old one ends first. Default 1.
    pub extra_max: usize,
    /// From SIGTERM to SIGKILL for a worker that is replaced or removed: the time it has to finish what it runs.
    /// Default 30 s.
    pub drain: Duration,
    /// A worker that was ready for this long is started again at once when it ends, and its earlier failures are
    /// forgotten. Default 10 s.
    pub stable_after: Duration,
    /// The wait before the first restart of a worker that lived shorter; it doubles each time. Default 100 ms.
    pub backoff_min: Duration,
    /// What the wait grows to. It varies at random by a quarter of itself in either direction. Default 10 s.
    pub backoff_max: Duration,
    /// After so many starts in a row that never became ready, a worker is not started again. At least 1. Default 5. One is
    /// enough if its exit status says that no start can succeed (see [`WorkerExit::is_final`](crate::WorkerExit::is_final)) and
    /// no worker was ever ready.
    pub start_failures_max: u32,
    /// When workers that work well are replaced all the same. Default: never.
    pub recycling: Recycling,
    /// Determines the jitter; `None` takes one from the system.
    pub seed: Option<u64>,
}

impl Default for SupervisorSettings {
    fn default() -> SupervisorSettings {
        SupervisorSettings {
            workers: cores(),
            readiness: Readiness::Registers { within: Duration::from_secs(10) },
            starting_max: cores(),
            extra_max: 1,
            drain: Duration::from_secs(30),
            stable_after: Duration::from_secs(10),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            start_failures_max: 5,
            recycling: Recycling::default(),
            seed: None,
        }
    }
}
