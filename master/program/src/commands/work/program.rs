//! The program that does the work. A worker finds it once, starts it for each job, and ends it when the job's caller no
//! longer waits.

use super::pipes::{Ended, TICK, Talk, kill_group, kill_tree};
use super::shared_signals::SharedSignals;
use crate::exit::{Exit, Failure};
use powerhose::{WorkerCommand, WorkerExit};
use powerhose_worker::{Job, JobFailure};
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A program that was there a moment ago.
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    pub(super) reply_bytes_max: usize,
    signals: OnceLock<io::Result<SharedSignals>>,
}

impl Program {
    pub(super) fn find(words: &[OsString], reply_bytes_max: usize) -> Result<Program, Failure> {
        let (name, arguments) =
            words.split_first().ok_or_else(|| Failure::new(Exit::Usage, "no program given"))?;
        let found =
            WorkerCommand::new(name).resolve().map_err(|error| Failure::new(Exit::NoProgram, error))?;
        let (path, arguments) = (found.program().to_owned(), arguments.to_vec());
        Ok(Program { path, arguments, reply_bytes_max, signals: OnceLock::new() })
    }

    /// Runs a job: payload on standard input, reply on standard output. Another exit status than 0 fails it, and what
    /// the program printed on standard error says why.
    pub(super) fn run(&self, job: &Job) -> Result<Vec<u8>, JobFailure> {
        let mut command = self.command();
        describe(job, &mut command);
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(|error| self.not_started(&error))?;
        let talk = Talk::new(&mut child, job.payload(), self.reply_bytes_max);
        let ended = talk.and_then(|talk| talk.run(|| job.is_cancelled()));
        // Whatever it left running goes too; its number is still its own.
        match ended {
            Ok(Ended::Exited { .. }) => kill_group(&child),
            Ok(Ended::Cancelled | Ended::TooLarge) | Err(_) => kill_tree(&child),
        }
        let exit = child.wait().map(WorkerExit::from);
        match (ended, exit) {
            (Ok(Ended::Exited { stdout, stderr }), Ok(exit)) => {
                pass_on(&stderr);
                if exit == WorkerExit::Status(0) { Ok(stdout) } else { Err(self.failed(exit, &stderr)) }
            }
            (Ok(Ended::Cancelled), _) => Err(cancelled(job)),
            (Ok(Ended::TooLarge), _) => Err(too_large(self.reply_bytes_max)),
            (Err(error), _) | (_, Err(error)) => Err(JobFailure::from_error(&error)),
        }
    }

    /// What to start, with pipes for standard input and output.
    pub(super) fn command(&self) -> Command {
        // Only now: whoever runs jobs watches for signals already.
        let _ = self.signals.get_or_init(SharedSignals::watch);
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let worker = getpid();
        let before_the_program = move || -> io::Result<()> {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            not_stopped_by_the_terminal();
            // Did the worker end before the signal was armed?
            if getppid() == Some(worker) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
        };
        // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock.
        unsafe { command.pre_exec(before_the_program) };
        command
    }

    /// What becomes of a job whose program did not end well.
    pub(super) fn failed(&self, exit: WorkerExit, stderr: &[u8]) -> JobFailure {
        if let Some(Ok(signals)) = self.signals.get() {
            signals.end_with(exit);
        }
        failed(exit, stderr)
    }

    pub(super) fn not_started(&self, error: &io::Error) -> JobFailure {
        JobFailure::new("not_started", format!("{} cannot be started: {error}", self.path.display()))
    }
}

/// Its group is not the terminal's, which would stop it where it writes a line (`stty tostop`).
fn not_stopped_by_the_terminal() {
    for signal in [libc::SIGTTOU, libc::SIGTTIN] {
        // SAFETY: a system call; nothing runs at the signal.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// How a program ended that did not end well.
fn failed(exit: WorkerExit, stderr: &[u8]) -> JobFailure {
    let code = match exit {
        WorkerExit::Status(status) => format!("exit_{status}"),
        WorkerExit::Signal(signal) => format!("signal_{signal}"),
    };
    let said = String::from_utf8_lossy(stderr);
    match said.trim() {
        "" => JobFailure::new(code, format!("the program ended: {exit}")),
        said => JobFailure::new(code, said),
    }
}

/// The answer to a job that nobody waits for. Its caller times out by the master's clock, which may reach the deadline
/// a moment after ours: an answer that came before would be taken for the program's failure.
pub(super) fn cancelled(job: &Job) -> JobFailure {
    if job.remaining().is_zero() {
        std::thread::sleep(TICK);
    }
    JobFailure::new("cancelled", "nobody waits for it any longer")
}

pub(super) fn too_large(bytes_max: usize) -> JobFailure {
    JobFailure::new("reply_too_large", format!("the program printed more than {bytes_max} bytes"))
}

/// What the program may want to know of its job.
fn describe(job: &Job, command: &mut Command) {
    command
        .env("POWERHOSE_JOB_ID", job.id().to_string())
        .env("POWERHOSE_JOB_POOL", job.pool())
        .env("POWERHOSE_JOB_ATTEMPT", job.attempt().to_string())
        .env("POWERHOSE_JOB_TIMEOUT_MS", job.remaining().as_millis().to_string());
    for (name, value) in job.headers() {
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        // A variable cannot hold a zero byte.
        if !value.contains(&0) {
            let value: OsString = std::os::unix::ffi::OsStringExt::from_vec(value.to_vec());
            command.env(format!("POWERHOSE_JOB_HEADER_{name}"), value);
        }
    }
}

/// Waits for the end of a program that was told to end or has closed its output; makes it end if it takes long.
pub(super) fn end(child: &mut Child) -> io::Result<WorkerExit> {
    for _ in 0..4 {
        if let Some(status) = child.try_wait()? {
            return Ok(status.into());
        }
        std::thread::sleep(TICK);
    }
    kill_tree(child);
    child.wait().map(WorkerExit::from)
}

/// Warnings of a program that did its work are not lost.
fn pass_on(stderr: &[u8]) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(stderr);
    if !stderr.is_empty() && stderr.last() != Some(&b'\n') {
        let _ = out.write_all(b"\n");
    }
}
