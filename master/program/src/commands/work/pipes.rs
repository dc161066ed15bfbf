//! Talks with a program through its pipes and never blocks on one of them: the program may write before it has read all,
//! or stop doing either. Asks again and again whether the job's caller still waits.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

/// How often to look whether anybody still waits.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// How much of what a program complains about is kept: the last part.
const STDERR_BYTES_MAX: usize = 16 << 10;
const READ_BYTES: usize = 64 << 10;

/// How a talk with a program ended.
pub(super) enum Ended {
    /// The program ended by itself.
    Exited { stdout: Vec<u8>, stderr: Vec<u8> },
    /// The job's caller no longer waits; the program may still run.
    Cancelled,
    /// It printed more than is allowed; it may still run.
    TooLarge,
}

/// A program that is given all of its input, and prints until it ends.
pub(super) struct Talk<'a> {
    input: &'a [u8],
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    process: OwnedFd,
    bytes_max: usize,
    printed: Vec<u8>,
    complained: Vec<u8>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(child: &mut Child, input: &'a [u8], bytes_max: usize) -> io::Result<Talk<'a>> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        stdin.as_ref().map_or(Ok(()), do_not_block)?;
        stdout.as_ref().map_or(Ok(()), do_not_block)?;
        stderr.as_ref().map_or(Ok(()), do_not_block)?;
        Ok(Talk {
            input,
            stdin,
            stdout,
            stderr,
            process: watch(child)?,
            bytes_max,
            printed: Vec::new(),
            complained: Vec::new(),
        })
    }

    pub(super) fn run(mut self, is_cancelled: impl Fn() -> bool) -> io::Result<Ended> {
        loop {
            if is_cancelled() {
                return Ok(Ended::Cancelled);
            }
            let has_exited = self.wait()?;
            // What it printed before it ended is there.
            self.write();
            self.read()?;
            if self.printed.len() > self.bytes_max {
                return Ok(Ended::TooLarge);
            }
            if has_exited {
                return Ok(Ended::Exited { stdout: self.printed, stderr: self.complained });
            }
        }
    }

    /// Waits for something to do, at most a tick; tells whether the program has ended.
    fn wait(&self) -> io::Result<bool> {
        let mut ready = vec![PollFd::new(&self.process, PollFlags::IN)];
        ready.extend(self.stdin.as_ref().map(|stdin| PollFd::new(stdin, PollFlags::OUT)));
        ready.extend(self.stdout.as_ref().map(|stdout| PollFd::new(stdout, PollFlags::IN)));
        ready.extend(self.stderr.as_ref().map(|stderr| PollFd::new(stderr, PollFlags::IN)));
        wait_for(&mut ready)?;
        Ok(!ready[0].revents().is_empty())
    }

    fn write(&mut self) {
        let Some(stdin) = &self.stdin else { return };
        match write_some(stdin, self.input) {
            Ok(written) => self.input = &self.input[written..],
            // It wants no more of it, which is its own affair.
            Err(_) => self.input = &[],
        }
        if self.input.is_empty() {
            self.stdin = None;
        }
    }

    fn read(&mut self) -> io::Result<()> {
        // One byte beyond the bound tells that it is crossed.
        if let Some(stdout) = &self.stdout
            && read_some(stdout, &mut self.printed, self.bytes_max.saturating_add(1))? == Stream::Ended
        {
            self.stdout = None;
        }
        if let Some(stderr) = &self.stderr {
            // A part at a time: who never stops to complain is not listened to for ever.
            if read_some(stderr, &mut self.complained, STDERR_BYTES_MAX + READ_BYTES)? == Stream::Ended {
                self.stderr = None;
            }
            let beyond = self.complained.len().saturating_sub(STDERR_BYTES_MAX);
            self.complained.drain(..beyond);
        }
        Ok(())
    }
}

/// Whether there may be more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Open,
    Ended,
}

/// Reads what is there, up to so many bytes in all.
pub(super) fn read_some(stream: impl AsFd, buffer: &mut Vec<u8>, bytes_max: usize) -> io::Result<Stream> {
    while buffer.len() < bytes_max {
        let mut part = [0; READ_BYTES];
        let wanted = part.len().min(bytes_max - buffer.len());
        match rustix::io::read(&stream, &mut part[..wanted]) {
            Ok(0) => return Ok(Stream::Ended),
            Ok(read) => buffer.extend_from_slice(&part[..read]),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Stream::Open)
}

/// Writes what the pipe takes now.
pub(super) fn write_some(stream: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    match rustix::io::write(stream, bytes) {
        Ok(written) => Ok(written),
        Err(Errno::INTR | Errno::AGAIN) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Waits until one of them is ready, at most a tick.
pub(super) fn wait_for(ready: &mut [PollFd<'_>]) -> io::Result<()> {
    let tick = Timespec { tv_sec: 0, tv_nsec: TICK.as_nanos() as i64 };
    match poll(ready, Some(&tick)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Its descriptor becomes readable when the process ends.
pub(super) fn watch(child: &Child) -> io::Result<OwnedFd> {
    Ok(pidfd_open(as_pid(child), PidfdFlags::empty())?)
}

pub(super) fn do_not_block(stream: &impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(stream)?;
    Ok(fcntl_setfl(stream, flags | OFlags::NONBLOCK)?)
}

/// Ends a child that was not waited for yet, and all that it started and that stayed in its process group.
pub(super) fn kill_group(child: &Child) {
    // A group whose members have all ended is no error.
    let _ = kill_process_group(as_pid(child), Signal::KILL);
}

/// The same, and what has left the group but is still below it.
pub(super) fn kill_tree(child: &Child) {
    powerhose_processes::kill_tree(child.id());
    kill_group(child);
}

fn as_pid(child: &Child) -> Pid {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child's process id is positive")
}
