//! The processes themselves: made, signalled, reaped. The only place that forks; unsafe code stands here alone.

use super::super::command::WorkerCommand;
use super::super::error::SpawnError;
use super::super::shared::Shared;
use super::ends::{Ends, as_pid};
use super::limits::{self, Limits};
use super::lines::Lines;
use super::mailbox::{Mailbox, Remains};
use crate::common::WorkerExit;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The processes that were made and not yet reaped. Dropping it kills them.
pub(super) struct Processes {
    command: WorkerCommand,
    children: BTreeMap<u32, Child>,
    ends: Ends,
    lines: Lines,
    shared: Arc<Shared>,
}

impl Processes {
    pub(super) fn new(
        command: WorkerCommand,
        mailbox: Mailbox,
        shared: Arc<Shared>,
    ) -> io::Result<Processes> {
        let (ends, lines) = (Ends::new(mailbox)?, Lines::default());
        Ok(Processes { command, children: BTreeMap::new(), ends, lines, shared })
    }

    /// Starts a process in a group of its own; its end will be told.
    pub(super) fn spawn(&mut self, slot: usize) -> Result<u32, SpawnError> {
        let mut process = self.command.process();
        process.process_group(0);
        prepare(&mut process, limits::of_slot(self.command.limits(), slot));
        let mut child = process.spawn().map_err(|error| self.command.explain(error))?;
        let pid = child.id();
        let watched = self.ends.watch(pid).and_then(|()| match self.command.lines() {
            Some(sink) => self.lines.read(&mut child, slot, sink),
            None => Ok(()),
        });
        if let Err(error) = watched {
            // Nobody would notice its end. It was killed, so waiting for it is short.
            self.ends.forget(pid);
            kill_group(pid);
            let _ = child.wait();
            return Err(self.command.explain(error));
        }
        self.children.insert(pid, child);
        self.publish();
        Ok(pid)
    }

    /// SIGTERM to the worker alone: what it started itself is its own to end.
    pub(super) fn terminate(&self, pid: u32) {
        if self.children.contains_key(&pid)
            && let Err(error) = kill_process(as_pid(pid), Signal::TERM)
        {
            tracing::warn!(pid, %error, "worker cannot be told to end");
        }
    }

    /// SIGKILL to the worker and all that it started, as far as it stayed in the worker's process group.
    pub(super) fn kill(&self, pid: u32) {
        if self.children.contains_key(&pid) {
            kill_group(pid);
        }
    }

    /// Takes a zombie's exit status. What it left behind in its process group is killed first, while the group's number
    /// cannot belong to anybody else.
    pub(super) fn reap(&mut self, pid: u32) -> Option<WorkerExit> {
        let mut child = self.children.remove(&pid)?;
        kill_group(pid);
        let exit = child.wait().ok().map(WorkerExit::from);
        self.publish();
        exit
    }

    /// A process that was reaped elsewhere: neither it nor its group may be signalled any more, and nobody knows how it
    /// ended.
    pub(super) fn forget(&mut self, pid: u32) -> Option<WorkerExit> {
        self.children.remove(&pid);
        self.publish();
        None
    }

    /// Sleeps until a process ends, the mailbox has something, or for this long. Tells which have ended and what is left
    /// of them.
    pub(super) fn sleep(&mut self, wait: Option<Duration>) -> Vec<(u32, Remains)> {
        self.ends.sleep(wait)
    }

    /// The child that a registered process is, or that it belongs to: a worker started by a wrapper (a shell script, a
    /// package manager) has another process id than ours, but its process group.
    pub(super) fn worker_of(&self, pid: u32) -> Option<u32> {
        if self.has(pid) {
            return Some(pid);
        }
        group_leader(pid).filter(|leader| self.has(*leader))
    }

    /// Whether this is a child that was made and not yet reaped.
    pub(super) fn has(&self, pid: u32) -> bool {
        self.children.contains_key(&pid)
    }

    /// Waits a while until all that workers printed has been handed on.
    pub(super) fn wait_for_lines(&self, timeout: Duration) {
        self.lines.wait_ended(timeout);
    }

    fn publish(&self) {
        self.shared.set_pids(self.children.keys().copied().collect());
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // Only after a panic, or of processes that outlived their SIGKILL, is there anything left.
        if self.children.is_empty() {
            return;
        }
        let children = std::mem::take(&mut self.children);
        children.keys().for_each(|pid| kill_group(*pid));
        let reap = || children.into_values().for_each(|mut child| drop(child.wait()));
        // How long they take to go is the kernel's affair; without a thread they stay zombies.
        let _ = thread::Builder::new().name("reaper".to_owned()).spawn(reap);
    }
}

/// What happens in the new process before its program: it will not outlive this one, inherits no descriptors, and goes on
/// where it uses the terminal.
fn prepare(process: &mut Command, limits: Limits) {
    let parent = rustix::process::getpid();
    let before_the_program = move || -> io::Result<()> {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // Did the parent end before the signal was armed?
        if rustix::process::getppid() != Some(parent) {
            return Err(Errno::SRCH.into());
        }
        close_on_exec();
        not_stopped_by_the_terminal();
        // Ignored, as some parents have it, it keeps a worker from knowing how its own children end.
        // SAFETY: a system call; nothing runs at the signal.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
        limits.apply()?;
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock that another thread of the
    // forked process may have held.
    unsafe { process.pre_exec(before_the_program) };
}

/// A process group of its own is one in the background to the terminal, and `stty tostop` stops those at the first line that
/// they write. Ignored, the signal does not stop them, and the line is written.
fn not_stopped_by_the_terminal() {
    for signal in [libc::SIGTTOU, libc::SIGTTIN] {
        // SAFETY: a system call; nothing runs at the signal.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Marks all descriptors but the standard three. Not every library opens its own with CLOEXEC (libzmq does not
/// without its build flags), and a connection that a worker inherits does not close with its owner.
fn close_on_exec() {
    const FIRST: libc::c_uint = 3;
    // SAFETY: a system call that takes three numbers. Kernels before 5.11 refuse it, and nothing is lost that we had.
    unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// Who leads the process group of a process; `None` if the process is gone.
pub(in super::super) fn group_leader(pid: u32) -> Option<u32> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    Some(getpgid(Some(pid)).ok()?.as_raw_pid().unsigned_abs())
}

fn kill_group(pid: u32) {
    // A group whose members have all ended is no error.
    let _ = kill_process_group(as_pid(pid), Signal::KILL);
}
