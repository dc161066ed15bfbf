//! The bounds of a worker process. They are computed before the fork, and applied in the child before its program starts.

use super::super::command::WorkerLimits;
use rustix::io;
use rustix::process::{Resource, Rlimit, setpriority_process, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Ready to be applied.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    core: Option<CpuSet>,
    nice: Option<i32>,
    address_space_bytes_max: Option<u64>,
}

/// What holds for the worker in this slot.
pub(super) fn of_slot(limits: WorkerLimits, slot: usize) -> Limits {
    let WorkerLimits { pinned, nice, address_space_bytes_max } = limits;
    let core = if pinned { core_of(slot) } else { None };
    Limits { core, nice, address_space_bytes_max }
}

/// One of the cores that this process may use. Without any word from the system the worker goes where it wants.
fn core_of(slot: usize) -> Option<CpuSet> {
    let allowed = sched_getaffinity(None).ok()?;
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    let mut core = CpuSet::new();
    core.set(*cores.get(slot.checked_rem(cores.len())?)?);
    Some(core)
}

impl Limits {
    /// System calls only: it runs between fork and exec.
    pub(super) fn apply(&self) -> io::Result<()> {
        if let Some(core) = &self.core {
            sched_setaffinity(None, core)?;
        }
        if let Some(nice) = self.nice {
            setpriority_process(None, nice)?;
        }
        if let Some(bytes) = self.address_space_bytes_max {
            setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
        }
        Ok(())
    }
}
