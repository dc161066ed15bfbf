//! Processes that end with their test, by their id.

use crossbeam_channel::{Receiver, unbounded};
use powerhose_harness::{eventually, send_signal};
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::thread;

/// The programs of this package. POWERHOSE_TEST_WORKER names another one that understands what its worker understands: one in
/// another language.
pub(crate) static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| Programs {
    worker: match std::env::var("POWERHOSE_TEST_WORKER") {
        Ok(worker) => worker.leak(),
        Err(_) => env!("CARGO_BIN_EXE_commands-worker"),
    },
    client: env!("CARGO_BIN_EXE_commands-client"),
    master: env!("CARGO_BIN_EXE_commands-master"),
});

pub(crate) struct Programs {
    pub(crate) worker: &'static str,
    pub(crate) client: &'static str,
    pub(crate) master: &'static str,
}

/// A process of this test. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    lines: Receiver<String>,
}

impl Process {
    /// Starts it; its standard error goes to a file in this folder, its standard input stays open.
    #[track_caller]
    pub(crate) fn start(folder: &Path, command: &mut Command) -> Process {
        static STARTED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = STARTED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = folder.join(format!("process-{number}.log"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&log).expect("a file"));
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = unbounded();
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok();
        });
        Process { child, log, lines }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output; none if there is no further.
    #[track_caller]
    pub(crate) fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(super::PATIENCE) {
            Ok(line) => Some(line),
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => None,
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => panic!("it prints nothing: {}", self.log()),
        }
    }

    /// All further lines of its standard output, until that ends.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// What follows this word at the beginning of the next line that has it.
    #[track_caller]
    pub(crate) fn line_after(&self, word: &str) -> String {
        let mut lines = std::iter::from_fn(|| self.line());
        let found = lines.find_map(|line| line.strip_prefix(word).map(str::to_owned));
        found.unwrap_or_else(|| panic!("it never prints `{word}`: {}", self.log()))
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send_signal(self.id(), signal);
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Writes all of its standard input, from a thread: it may be longer than a pipe holds.
    #[cfg(feature = "python-tests")]
    pub(crate) fn write(&mut self, text: &str) {
        let (input, text) = (self.child.stdin.take(), text.to_owned());
        let mut input = input.expect("it is open");
        thread::spawn(move || std::io::Write::write_all(&mut input, text.as_bytes()));
    }

    /// Ends its standard input.
    pub(crate) fn end_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        eventually("the end of a process", || self.child.try_wait().expect("it is our child"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended; a test that panics comes here, too.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- what process {} logged ---\n{}", self.id(), self.log());
        }
    }
}
