//! Processes by their ids: signals to them, and what the kernel says of them.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// Sends a signal to a process of this test.
///
/// # Panics
/// There is no such process.
#[track_caller]
pub fn send_signal(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("it runs");
}

/// Whether the process runs, or is stopped; a zombie does not.
pub fn is_running(process: u32) -> bool {
    state(process).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Whether a signal has stopped the process.
pub fn is_stopped(process: u32) -> bool {
    state(process) == Some('T')
}

/// Whether the process has a handler for SIGTERM, so that this does not just end it.
pub fn handles_sigterm(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or(0);
    caught & 1 << (Signal::TERM.as_raw() - 1) != 0
}

/// The letter that the kernel has for it.
fn state(process: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
