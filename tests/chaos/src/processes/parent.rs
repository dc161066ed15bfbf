//! No process outlives the one that started it.

use anyhow::Context;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// Has this process killed when the thread that started it ends, also if it is killed, also if this one is stopped.
pub(crate) fn end_with_parent(parent: u32) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .context("cannot ask for a signal at the parent's end")?;
    let now = getppid().map(Pid::as_raw_pid).map_or(0, i32::unsigned_abs);
    anyhow::ensure!(now == parent, "process {parent}, which started this one, has ended");
    Ok(())
}
