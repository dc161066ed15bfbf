//! Signals to processes, by their id.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// Sends a signal; tells whether there was such a process.
pub(crate) fn send_signal(process: u32, signal: Signal) -> bool {
    as_pid(process).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Whether the process runs and was started by this one. Ids are used again: nobody else's process may be harmed.
pub(crate) fn is_child_of(process: u32, parent: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let mut fields = after_name.split(' ');
    let (state, its_parent) = (fields.next(), fields.next());
    !matches!(state, None | Some("Z" | "X")) && its_parent == Some(parent.to_string().as_str())
}

fn as_pid(process: u32) -> Option<Pid> {
    i32::try_from(process).ok().and_then(Pid::from_raw)
}
