//! One long-lived process: a line in, a line out. A worker starts it again when it has ended, and when a job was given up
//! halfway: its next line would then be the answer to another job.

use super::pipes::{Stream, do_not_block, kill_tree, read_some, wait_for, write_some};
use super::program::{Program, cancelled, end, too_large};
use powerhose_worker::{Job, JobFailure};
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::process::{Child, ChildStdin, ChildStdout};
use tracing::warn;

/// The program, and its process if it runs.
pub(super) struct Lines {
    program: Program,
    running: Option<Running>,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    printed: Printed,
}

/// What the program has printed and nobody has taken. Each byte is looked at once, however long the line is and in however
/// many parts it comes.
#[derive(Default)]
struct Printed {
    bytes: Vec<u8>,
    /// So many of them are not the end of a line.
    searched: usize,
}

/// How a job ended without its line.
enum Trouble {
    Cancelled,
    TooLarge,
    /// It printed more than its answer, which may be the one to another job.
    TooManyLines,
    /// It closed its output: it has ended, or is about to.
    Closed,
    System(io::Error),
}

impl Lines {
    /// Its process starts with the first job.
    pub(super) fn new(program: Program) -> Lines {
        Lines { program, running: None }
    }

    /// Runs a job.
    pub(super) fn run(&mut self, job: &Job) -> Result<Vec<u8>, JobFailure> {
        let payload = job.payload();
        let payload = payload.strip_suffix(b"\n").unwrap_or(payload);
        if payload.contains(&b'\n') {
            return Err(JobFailure::new("not_a_line", "the payload has more than one line"));
        }
        let mut running = match self.running.take().and_then(Running::if_usable) {
            Some(running) => running,
            None => Running::start(&self.program).map_err(|error| self.program.not_started(&error))?,
        };
        match running.exchange(payload, self.program.reply_bytes_max, || job.is_cancelled()) {
            Ok(line) => {
                self.running = Some(running);
                Ok(line)
            }
            Err(Trouble::Closed) => Err(match end(&mut running.child) {
                Ok(exit) => self.program.failed(exit, b""),
                Err(error) => JobFailure::from_error(&error),
            }),
            Err(Trouble::Cancelled) => {
                // Ended first: what it does is in vain.
                drop(running);
                Err(cancelled(job))
            }
            Err(Trouble::TooManyLines) => Err(JobFailure::new(
                "not_a_line",
                "the program printed more than one line for a job: it has to print exactly one, and is started again",
            )),
            Err(Trouble::TooLarge) => Err(too_large(self.program.reply_bytes_max)),
            Err(Trouble::System(error)) => Err(JobFailure::from_error(&error)),
        }
    }
}

impl Running {
    fn start(program: &Program) -> io::Result<Running> {
        let mut child = program.command().spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked for");
        };
        let running = Running { child, stdin, stdout, printed: Printed::default() };
        do_not_block(&running.stdin)?;
        do_not_block(&running.stdout)?;
        Ok(running)
    }

    /// Nothing, if it has ended or has printed more lines than jobs: its next line could not be told from an answer.
    fn if_usable(mut self) -> Option<Running> {
        let stream = read_some(&self.stdout, &mut self.printed.bytes, 1);
        if !self.printed.bytes.is_empty() {
            warn!("the program printed more than one line for a job; it is started again");
            return None;
        }
        matches!(stream, Ok(Stream::Open)).then_some(self)
    }

    fn exchange(
        &mut self,
        payload: &[u8],
        bytes_max: usize,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<Vec<u8>, Trouble> {
        let line = [payload, b"\n"].concat();
        let mut left = &line[..];
        loop {
            if is_cancelled() {
                return Err(Trouble::Cancelled);
            }
            if !left.is_empty() {
                let written = write_some(&self.stdin, left).map_err(|_| Trouble::Closed)?;
                left = &left[written..];
            }
            let stream = read_some(&self.stdout, &mut self.printed.bytes, bytes_max.saturating_add(2));
            if let Some(line) = self.printed.take_line() {
                return if self.has_more() { Err(Trouble::TooManyLines) } else { Ok(line) };
            }
            if self.printed.bytes.len() > bytes_max {
                return Err(Trouble::TooLarge);
            }
            if stream.map_err(Trouble::System)? == Stream::Ended {
                return Err(Trouble::Closed);
            }
            self.wait(left).map_err(Trouble::System)?;
        }
    }

    /// Whether it has printed more than its answer. What comes later than this look is found before the next job.
    fn has_more(&mut self) -> bool {
        // What is wrong with the stream is found by the next job.
        let _ = read_some(&self.stdout, &mut self.printed.bytes, 1);
        !self.printed.bytes.is_empty()
    }

    fn wait(&self, left: &[u8]) -> io::Result<()> {
        let mut ready = vec![PollFd::new(&self.stdout, PollFlags::IN)];
        if !left.is_empty() {
            ready.push(PollFd::new(&self.stdin, PollFlags::OUT));
        }
        wait_for(&mut ready)
    }
}

impl Printed {
    /// The first line, without its end, once all of it is there.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let unseen = &self.bytes[self.searched..];
        let Some(end) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            return None;
        };
        let rest = self.bytes.split_off(self.searched + end + 1);
        let mut line = std::mem::replace(&mut self.bytes, rest);
        line.pop();
        self.searched = 0;
        Some(line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            kill_tree(&self.child);
            // It was killed, so this is short.
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Printed;

    #[test]
    fn a_line_that_comes_in_parts_is_searched_once() {
        let mut printed = Printed::default();
        for length in 1..100 {
            printed.bytes.push(b'x');
            assert_eq!(printed.take_line(), None);
            assert_eq!(printed.searched, length, "the next look begins behind it");
        }
        printed.bytes.extend(b"\nsecond\nthi");
        assert_eq!(printed.take_line(), Some(vec![b'x'; 99]));
        assert_eq!(printed.take_line(), Some(b"second".to_vec()));
        assert_eq!(printed.take_line(), None);
        printed.bytes.extend(b"rd\n");
        assert_eq!(printed.take_line(), Some(b"third".to_vec()));
        assert!(printed.bytes.is_empty() && printed.searched == 0);
    }
}
