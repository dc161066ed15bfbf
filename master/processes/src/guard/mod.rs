//! A program with a guard between it and this process.
//!
//! The guard is forked from this process and never executes anything: a library has no program of its own to start. It
//! touches nothing but the stack it stands on, makes system calls only, closes every descriptor and gives back the memory that
//! it got a view of (`shed`). What it does stands in `keeper`.

mod front;
mod keeper;
mod shed;

pub use front::{go_on_guarded, is_guarded};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, getpid, kill_process};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};

/// What ends a program and all that it has started: for a guard, from its parent.
const END_ALL: Signal = Signal::ABORT;

/// A program that runs behind a guard. Like a `Child`, it goes on if this is dropped; it ends with the thread that started it.
#[derive(Debug)]
pub struct Guarded {
    guard: Child,
    pid: u32,
}

impl Guarded {
    /// Starts a program in a process group of its own. The guard ends it and all that it has started when the calling thread
    /// ends, and what it has left behind when it ends itself.
    ///
    /// `before_the_program` runs in the program's process: it makes system calls only, neither allocates nor takes a lock.
    ///
    /// # Errors
    /// As those of [`Command::spawn`]; nothing of it runs.
    pub fn start(
        mut command: Command,
        mut before_the_program: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Guarded> {
        let (told, tell) = pipe_with(PipeFlags::CLOEXEC)?;
        let parent = getpid();
        let divide = move || -> io::Result<()> {
            keeper::divide(parent, Some(tell.as_fd()))?;
            rustix::process::setpgid(None, None)?;
            before_the_program()
        };
        // SAFETY: the closure makes system calls only, in both of the processes that come out of it; it neither allocates
        // nor takes a lock that another thread of this process may have held.
        unsafe { command.pre_exec(divide) };
        let guard = command.spawn()?;
        // Closes our end of the pipe.
        drop(command);
        let mut bytes = [0; 4];
        // The guard has written it before it let go of what `spawn` waits for.
        let read = loop {
            match rustix::io::read(&told, &mut bytes) {
                Err(Errno::INTR) => {}
                read => break read,
            }
        };
        let mut guarded = Guarded { guard, pid: u32::from_ne_bytes(bytes) };
        if read != Ok(bytes.len()) {
            guarded.kill();
            guarded.wait()?;
            return Err(io::Error::other("its guard was killed before it began"));
        }
        Ok(guarded)
    }

    /// The program's process id.
    pub fn id(&self) -> u32 {
        self.pid
    }

    /// The guard's, which is our child: it ends after the program, with the same status.
    pub fn guard_id(&self) -> u32 {
        self.guard.id()
    }

    /// What the program prints, if its command asked for a pipe.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.guard.stdout.take()
    }

    /// What the program complains of, if its command asked for a pipe.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.guard.stderr.take()
    }

    /// SIGTERM to the program alone: what it has started is its own to end.
    ///
    /// # Errors
    /// The system refuses.
    pub fn terminate(&self) -> io::Result<()> {
        self.tell(Signal::TERM)
    }

    /// Ends the program and all that it has started. Their end is not waited for.
    pub fn kill(&self) {
        // A guard that has ended has ended all. One that somebody has stopped goes on.
        let _ = self.tell(END_ALL);
        let _ = self.tell(Signal::CONT);
    }

    fn tell(&self, signal: Signal) -> io::Result<()> {
        // It was not waited for: its number is its own.
        let guard = i32::try_from(self.guard.id()).ok().and_then(Pid::from_raw);
        Ok(kill_process(guard.ok_or(Errno::SRCH)?, signal)?)
    }

    /// Waits until the program and all that it has started are gone; how the program ended.
    ///
    /// # Errors
    /// Somebody else has waited for it.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.guard.wait()
    }
}
