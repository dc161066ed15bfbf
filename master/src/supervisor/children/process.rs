//! The processes themselves: made, signalled, reaped. Each worker has a guard, which is our child: it ends after the worker, and
//! with it all that the worker has started. Unsafe code stands here alone.

use super::super::command::WorkerCommand;
use super::super::error::SpawnError;
use super::super::shared::{Mailbox, Remains, Shared};
use super::ends::Ends;
use super::limits::{self, Limits};
use super::lines::Lines;
use crate::common::WorkerExit;
use powerhose_processes::Guarded;
use rustix::process::{Pid, getpgid};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The processes that were made and not yet reaped. Dropping it kills them.
pub(super) struct Processes {
    command: WorkerCommand,
    /// By the worker's own process id.
    workers: BTreeMap<u32, Guarded>,
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
        Ok(Processes { command, workers: BTreeMap::new(), ends, lines, shared })
    }

    /// Starts a process in a group of its own, behind a guard; its end will be told. Who asks for the processes meanwhile
    /// waits: a worker can have registered before this thread knows its process id.
    pub(super) fn spawn(&mut self, slot: usize) -> Result<u32, SpawnError> {
        let shared = Arc::clone(&self.shared);
        shared.change_pids(|| {
            let spawned = self.spawn_unseen(slot);
            (self.pids(), spawned)
        })
    }

    fn spawn_unseen(&mut self, slot: usize) -> Result<u32, SpawnError> {
        let limits = limits::of_slot(self.command.limits(), slot);
        let started = Guarded::start(self.command.process(), move || prepare(limits));
        let mut worker = started.map_err(|error| self.command.explain(error))?;
        let pid = worker.id();
        let watched = self.ends.watch(worker.guard_id()).and_then(|()| match self.command.lines() {
            Some(sink) => self.lines.read(&mut worker, slot, &sink),
            None => Ok(()),
        });
        if let Err(error) = watched {
            // Nobody would notice its end. It was killed, so waiting for it is short.
            self.ends.forget(worker.guard_id());
            worker.kill();
            let _ = worker.wait();
            return Err(self.command.explain(error));
        }
        self.workers.insert(pid, worker);
        Ok(pid)
    }

    /// SIGTERM to the worker alone: what it started itself is its own to end.
    pub(super) fn terminate(&self, pid: u32) {
        if let Some(worker) = self.workers.get(&pid)
            && let Err(error) = worker.terminate()
        {
            tracing::warn!(pid, %error, "worker cannot be told to end");
        }
    }

    /// SIGKILL to the worker and all that it started.
    pub(super) fn kill(&self, pid: u32) {
        if let Some(worker) = self.workers.get(&pid) {
            worker.kill();
        }
    }

    /// Takes a zombie's exit status.
    pub(super) fn reap(&mut self, pid: u32) -> Option<WorkerExit> {
        let mut worker = self.workers.remove(&pid)?;
        let exit = worker.wait().ok().map(WorkerExit::from);
        self.publish();
        exit
    }

    /// A process that was reaped elsewhere: it may not be signalled any more, and nobody knows how it ended.
    pub(super) fn forget(&mut self, pid: u32) -> Option<WorkerExit> {
        self.workers.remove(&pid);
        self.publish();
        None
    }

    /// Sleeps until a process ends, the mailbox has something, or for this long. Tells which guards have ended and what is
    /// left of them.
    pub(super) fn sleep(&mut self, wait: Option<Duration>) -> Vec<(u32, Remains)> {
        self.ends.sleep(wait)
    }

    /// The workers, each with its guard.
    pub(super) fn guards(&self) -> impl Iterator<Item = (u32, u32)> {
        self.workers.iter().map(|(pid, worker)| (*pid, worker.guard_id()))
    }

    /// Whose guard this is.
    pub(super) fn guarded_by(&self, guard: u32) -> Option<u32> {
        self.workers.iter().find_map(|(pid, worker)| (worker.guard_id() == guard).then_some(*pid))
    }

    /// The worker that a registered process is, or that it belongs to: a worker started by a wrapper (a shell script, a
    /// package manager) has another process id than ours, but its process group.
    pub(super) fn worker_of(&self, pid: u32) -> Option<u32> {
        if self.has(pid) {
            return Some(pid);
        }
        group_leader(pid).filter(|leader| self.has(*leader))
    }

    /// Whether this is a worker that was made and not yet reaped.
    pub(super) fn has(&self, pid: u32) -> bool {
        self.workers.contains_key(&pid)
    }

    /// Waits a while until all that workers printed has been handed on.
    pub(super) fn wait_for_lines(&self, timeout: Duration) {
        self.lines.wait_ended(timeout);
    }

    fn pids(&self) -> Vec<u32> {
        self.workers.keys().copied().collect()
    }

    fn publish(&self) {
        self.shared.change_pids(|| (self.pids(), ()));
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // Only after a panic, or of processes that outlived their SIGKILL, is there anything left.
        if self.workers.is_empty() {
            return;
        }
        let workers = std::mem::take(&mut self.workers);
        workers.values().for_each(Guarded::kill);
        let reap = || workers.into_values().for_each(|mut worker| drop(worker.wait()));
        // How long they take to go is the kernel's affair; without a thread they stay zombies.
        let _ = thread::Builder::new().name("reaper".to_owned()).spawn(reap);
    }
}

/// What happens in the worker's process before its program: it inherits no descriptors, goes on where it uses the terminal, and
/// gets its bounds. System calls only.
fn prepare(limits: Limits) -> io::Result<()> {
    close_on_exec();
    not_stopped_by_the_terminal();
    Ok(limits.apply()?)
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
