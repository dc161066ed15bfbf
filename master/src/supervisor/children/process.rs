//! The processes themselves: made, signalled, reaped. The only place that forks; unsafe code stands here alone.

use super::super::command::WorkerCommand;
use super::super::error::SpawnError;
use super::super::shared::Shared;
use super::Message;
use super::limits::{self, Limits};
use super::lines::Lines;
use crate::worker_exit::WorkerExit;
use crossbeam_channel::Sender;
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpgid, kill_process, kill_process_group, waitid,
};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// What a waiter thread needs: it only calls the system and sends a message.
const WAITER_STACK_BYTES: usize = 64 * 1024;

/// The processes that were made and not yet reaped. Dropping it kills them.
pub(super) struct Processes {
    command: WorkerCommand,
    children: BTreeMap<u32, Child>,
    lines: Lines,
    sender: Sender<Message>,
    shared: Arc<Shared>,
}

impl Processes {
    pub(super) fn new(command: WorkerCommand, sender: Sender<Message>, shared: Arc<Shared>) -> Processes {
        Processes { command, children: BTreeMap::new(), lines: Lines::default(), sender, shared }
    }

    /// Starts a process in a group of its own; its end will be a message.
    pub(super) fn spawn(&mut self, slot: usize) -> Result<u32, SpawnError> {
        let mut process = self.command.process();
        process.process_group(0);
        prepare(&mut process, limits::of_slot(self.command.limits(), slot));
        let mut child = process.spawn().map_err(|error| self.command.explain(error))?;
        let pid = child.id();
        let watched = watch(pid, self.sender.clone()).and_then(|()| match self.command.lines() {
            Some(sink) => self.lines.read(&mut child, slot, sink),
            None => Ok(()),
        });
        if let Err(error) = watched {
            // Nobody would notice its end. It was killed, so waiting for it is short.
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

    /// A process that was reaped elsewhere: neither it nor its group may be signalled any more.
    pub(super) fn forget(&mut self, pid: u32) {
        self.children.remove(&pid);
        self.publish();
    }

    /// The child that a registered process is, or that it belongs to: a worker started by a wrapper (a shell script, a
    /// package manager) has another process id than ours, but its process group.
    pub(super) fn worker_of(&self, pid: u32) -> Option<u32> {
        if self.children.contains_key(&pid) {
            return Some(pid);
        }
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        let leader = getpgid(Some(pid)).ok()?.as_raw_pid().unsigned_abs();
        self.children.contains_key(&leader).then_some(leader)
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

/// What happens in the new process before its program: it will not outlive this one and inherits no descriptors.
#[cfg(target_os = "linux")]
fn prepare(process: &mut Command, limits: Limits) {
    let parent = rustix::process::getpid();
    let before_the_program = move || -> io::Result<()> {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // Did the parent end before the signal was armed?
        if rustix::process::getppid() != Some(parent) {
            return Err(Errno::SRCH.into());
        }
        close_on_exec();
        limits.apply()?;
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock that another thread of the
    // forked process may have held.
    unsafe { process.pre_exec(before_the_program) };
}

#[cfg(not(target_os = "linux"))]
fn prepare(_process: &mut Command, _limits: Limits) {}

/// Marks all descriptors but the standard three. Not every library opens its own with CLOEXEC (libzmq does not
/// without its build flags), and a connection that a worker inherits does not close with its owner.
#[cfg(target_os = "linux")]
fn close_on_exec() {
    const FIRST: libc::c_uint = 3;
    // SAFETY: a system call that takes three numbers. Kernels before 5.11 refuse it, and nothing is lost that we had.
    unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// Starts the thread that blocks until the process has ended, and does not reap it.
fn watch(pid: u32, sender: Sender<Message>) -> io::Result<()> {
    let wait = move || {
        let message = loop {
            match waitid(WaitId::Pid(as_pid(pid)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(_) => break Message::Ended { pid },
                Err(Errno::INTR) => {}
                Err(_) => break Message::Vanished { pid },
            }
        };
        // Nobody listens where the supervisor has given up waiting.
        let _ = sender.send(message);
    };
    thread::Builder::new().name(format!("wait-{pid}")).stack_size(WAITER_STACK_BYTES).spawn(wait).map(drop)
}

fn kill_group(pid: u32) {
    // A group whose members have all ended is no error.
    let _ = kill_process_group(as_pid(pid), Signal::KILL);
}

fn as_pid(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a child's process id is positive")
}
