//! Processes that end with their test, by their id.

use crate::{eventually, is_running, send_signal, until};
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A child that does not outlive its test.
#[derive(Debug)]
pub struct Killed(pub Child);

impl Killed {
    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        eventually("the end of a process", || self.0.try_wait().expect("it is our child"))
    }

    /// SIGKILL, if it has not ended, and waits until it is gone.
    pub fn kill(&mut self) {
        // A test that panics comes here, too.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A process of a test. It is killed when this is dropped; a test that panics then shows what it said.
#[derive(Debug)]
pub struct Process {
    child: Killed,
    output: PathBuf,
    /// So many bytes of its output were taken as [lines](Process::line).
    taken: AtomicU64,
    log: PathBuf,
}

impl Process {
    /// Starts it. Its standard input stays open; what it prints goes to files in this folder.
    ///
    /// # Panics
    /// It cannot be started.
    #[track_caller]
    pub fn start(folder: &Path, command: &mut Command) -> Process {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let output = folder.join(format!("process-{number}.out"));
        let log = folder.join(format!("process-{number}.log"));
        command
            .stdin(Stdio::piped())
            .stdout(File::create(&output).expect("a file"))
            .stderr(File::create(&log).expect("a file"));
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Process { child: Killed(child), output, taken: AtomicU64::new(0), log }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// What it wrote to standard output so far.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has logged this.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn logs(&self, text: &str) {
        until(text, || self.log().contains(text));
    }

    /// The next line of its standard output; none if it has ended without a further one.
    ///
    /// # Panics
    /// It neither prints a line nor ends.
    #[track_caller]
    pub fn line(&self) -> Option<String> {
        eventually("a line that a process prints", || {
            // Asked first: what it printed before its end is there afterwards.
            let has_ended = !is_running(self.id());
            let rest = self.rest();
            match rest.split_inclusive(|byte| *byte == b'\n').next() {
                Some(line) if has_ended || line.ends_with(b"\n") => {
                    self.taken.fetch_add(line.len() as u64, Ordering::Relaxed);
                    let text = String::from_utf8_lossy(line);
                    Some(Some(text.strip_suffix('\n').unwrap_or(&text).to_owned()))
                }
                None if has_ended => Some(None),
                Some(_) | None => None,
            }
        })
    }

    /// All further lines of its standard output, until it ends.
    ///
    /// # Panics
    /// It does not end.
    #[track_caller]
    pub fn lines(&self) -> Vec<String> {
        until("the end of what a process prints", || !is_running(self.id()));
        std::iter::from_fn(|| self.line()).collect()
    }

    /// What follows this word at the beginning of the next line that has it.
    ///
    /// # Panics
    /// There is no such line.
    #[track_caller]
    pub fn line_after(&self, word: &str) -> String {
        let mut lines = std::iter::from_fn(|| self.line());
        let found = lines.find_map(|line| line.strip_prefix(word).map(str::to_owned));
        found.unwrap_or_else(|| panic!("it never prints `{word}`: {}", self.log()))
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// It has ended.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        send_signal(self.id(), signal);
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Its standard input, which closes when this is dropped.
    ///
    /// # Panics
    /// It was taken before.
    #[track_caller]
    pub fn input(&mut self) -> ChildStdin {
        self.child.0.stdin.take().expect("it is taken once")
    }

    /// Writes all of its standard input, from a thread: it may be longer than a pipe holds.
    #[track_caller]
    pub fn write(&mut self, text: &str) {
        let (mut input, text) = (self.input(), text.to_owned());
        thread::spawn(move || input.write_all(text.as_bytes()));
    }

    /// Ends its standard input, if that is open.
    pub fn end_input(&mut self) {
        drop(self.child.0.stdin.take());
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.0.try_wait().expect("it is our child").is_some()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        self.child.ended()
    }

    /// Waits for its end, and gives its exit status.
    ///
    /// # Panics
    /// It does not end, or a signal ends it.
    #[track_caller]
    pub fn status(&mut self) -> i32 {
        let status = self.ended();
        status.code().unwrap_or_else(|| panic!("it ended with {status}"))
    }

    /// What it printed and was not taken yet.
    fn rest(&self) -> Vec<u8> {
        let mut rest = Vec::new();
        let mut file = File::open(&self.output).expect("it was made");
        let place = SeekFrom::Start(self.taken.load(Ordering::Relaxed));
        file.seek(place).and_then(|_| file.read_to_end(&mut rest)).expect("a file can be read");
        rest
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- what process {} said ---\n{}\n{}", self.id(), self.output(), self.log());
        }
    }
}
