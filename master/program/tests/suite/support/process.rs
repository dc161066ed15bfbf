//! Processes that end with their test, by their id.

use super::PATIENCE;
use powerhose_harness::{eventually, send_signal};
use rustix::process::Signal;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// A process of this test. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts it; what it prints goes to files in this folder.
    #[track_caller]
    pub(crate) fn start(folder: &Path, command: &mut Command) -> Process {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let stdout = folder.join(format!("process-{number}.out"));
        let stderr = folder.join(format!("process-{number}.log"));
        command
            .stdin(Stdio::piped())
            .stdout(File::create(&stdout).expect("a file"))
            .stderr(File::create(&stderr).expect("a file"));
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Process { child, stdout, stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output so far.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Waits until it has logged this.
    #[track_caller]
    pub(crate) fn logs(&self, text: &str) {
        eventually(text, || self.log().contains(text).then_some(()));
    }

    pub(crate) fn signal(&self, wanted: Signal) {
        send_signal(self.id(), wanted);
    }

    /// Waits for its end and gives its exit status.
    #[track_caller]
    pub(crate) fn status(&mut self) -> i32 {
        let status = eventually("the end of a process", || self.child.try_wait().expect("it is our child"));
        status.code().unwrap_or_else(|| panic!("it ended with {status}"))
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// Lets it write to the process's standard input; closed when dropped.
    pub(crate) fn input(&mut self) -> std::process::ChildStdin {
        self.child.stdin.take().expect("it is piped, and taken once")
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended; a test that panics comes here, too.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- process {} within {PATIENCE:?} ---\n{}\n{}", self.id(), self.output(), self.log());
        }
    }
}
