//! When a worker that works well is replaced all the same. Only data; nothing here acts.

use std::fmt;
use std::time::Duration;

/// Replaces workers that have lived, worked or grown for long enough: what leaks, fragments or drifts starts anew. A
/// worker that is recycled finishes what it runs, and no job is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recycling {
    /// From a worker's registration on. Default: none.
    pub age_max: Option<Duration>,
    /// Each worker lives shorter by a random part of this share of `age_max`, so that those that were started together
    /// do not end together. 0 to 100, default 10.
    pub age_jitter_percent: u8,
    /// Jobs that a worker answers. They are counted by the master, which tells
    /// [`Supervisor::worn`](super::Supervisor::worn); a `Cluster` does so. Default: none.
    pub jobs_max: Option<u64>,
    /// Memory that a worker holds with all that it has started, what they share counted once; looked at once a second while
    /// there is a bound. Default: none.
    pub memory_bytes_max: Option<u64>,
    /// At most this share of the workers is away or being replaced at once, for whatever reason, when another is recycled;
    /// at least one worker may always be. No more are replaced at once than there may be extra processes
    /// ([`SupervisorSettings::extra_max`](super::SupervisorSettings::extra_max)), unless those are none. 1 to 100, default
    /// 25.
    pub share_max_percent: u8,
}

impl Default for Recycling {
    fn default() -> Recycling {
        Recycling {
            age_max: None,
            age_jitter_percent: 10,
            jobs_max: None,
            memory_bytes_max: None,
            share_max_percent: 25,
        }
    }
}

/// Why a worker is recycled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wear {
    /// It is as old as it may get.
    Age,
    /// It has answered as many jobs as it may.
    Jobs,
    /// It holds more memory than it may.
    Memory,
}

impl fmt::Display for Wear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wear::Age => "age",
            Wear::Jobs => "number of jobs",
            Wear::Memory => "memory",
        })
    }
}
