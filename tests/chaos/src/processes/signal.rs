//! Signals to processes, by their id, and when they end of them.

use crate::clock::Moment;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use std::fs;
use std::thread;

/// Sends a signal; tells whether there was such a process.
pub(crate) fn send_signal(process: u32, signal: Signal) -> bool {
    as_pid(process).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Tells when the process will have ended, from a thread that waits for it. A process that is killed ends when it next
/// gets a core: only then does the system close its connections.
pub(crate) fn when_ended(process: u32, tell: impl FnOnce(Moment) + Send + 'static) {
    let Some(handle) = as_pid(process).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        return;
    };
    thread::spawn(move || {
        if poll(&mut [PollFd::new(&handle, PollFlags::IN)], None).is_ok() {
            tell(Moment::now());
        }
    });
}

/// Whether the process runs and was started by this one, or by the guard that this one put above it. Ids are used again: no
/// other process may be harmed.
pub(crate) fn is_child_of(process: u32, parent: u32) -> bool {
    let above = running_parent(process);
    above == Some(parent) || above.and_then(running_parent) == Some(parent)
}

/// Who started a process that runs.
fn running_parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    let (state, rest) = after_name.split_once(' ')?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    rest.split(' ').next()?.parse().ok()
}

fn as_pid(process: u32) -> Option<Pid> {
    i32::try_from(process).ok().and_then(Pid::from_raw)
}
