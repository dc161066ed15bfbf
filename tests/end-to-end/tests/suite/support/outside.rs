//! A master in a process of its own, which a test can stop, kill and start again at the same endpoint.

use super::{Caller, EMBEDDED, Gate, PATIENCE, PROGRAMS, Process, Setup, numbered};
use powerhose::JobRunner;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

pub(crate) struct OutsideMaster {
    pub(crate) master: Process,
    pub(crate) endpoint: String,
    level: &'static str,
    arguments: Vec<&'static str>,
    // Dropped last.
    folder: TempDir,
}

impl OutsideMaster {
    /// Starts it with these further arguments, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(arguments: &[&'static str]) -> OutsideMaster {
        OutsideMaster::start_with("warn", arguments)
    }

    /// The same; it logs from this level on.
    #[track_caller]
    pub(crate) fn start_with(level: &'static str, arguments: &[&'static str]) -> OutsideMaster {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let endpoint = format!("ipc://{}/master.ipc", folder.path().display());
        let master = start(&endpoint, level, arguments, folder.path());
        OutsideMaster { master, endpoint, level, arguments: arguments.to_vec(), folder }
    }

    /// Starts one that may open so many files.
    #[track_caller]
    pub(crate) fn start_with_files(files: &str) -> OutsideMaster {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let endpoint = format!("ipc://{}/master.ipc", folder.path().display());
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n $1 && shift && exec \"$@\"", "sh", files, PROGRAMS.master]);
        let master = listen(command, &endpoint, "warn", &[], folder.path());
        OutsideMaster { master, endpoint, level: "warn", arguments: Vec::new(), folder }
    }

    /// Starts it anew, once the one before has ended.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.master = start(&self.endpoint, self.level, &self.arguments, self.folder.path());
    }

    /// Lets it end in good order.
    #[track_caller]
    pub(crate) fn end(&mut self) {
        self.master.end_input();
        let status = self.master.ended();
        assert_eq!(status.code(), Some(0), "{status}: {}", self.master.log());
    }

    /// A worker of it with these further arguments.
    #[track_caller]
    pub(crate) fn worker(&self, arguments: &[&str]) -> Process {
        self.worker_of(EMBEDDED, arguments)
    }

    /// The same, in the language of the setup.
    #[track_caller]
    pub(crate) fn worker_of(&self, setup: Setup, arguments: &[&str]) -> Process {
        self.process(setup.worker_command().arg(&self.endpoint).args(arguments))
    }

    /// Any process that ends with this.
    #[track_caller]
    pub(crate) fn process(&self, command: &mut Command) -> Process {
        Process::start(self.folder.path(), command)
    }

    /// A client in this process.
    #[track_caller]
    pub(crate) fn client(&self) -> JobRunner {
        super::connect(&self.endpoint)
    }

    /// A client as the setup has it.
    #[track_caller]
    pub(crate) fn client_of(&self, setup: Setup) -> Caller {
        setup.client_of(&self.endpoint, self.folder.path())
    }

    /// Waits until so many workers have registered.
    #[track_caller]
    pub(crate) fn wait_for_workers(&self, runner: &JobRunner, count: usize) {
        runner.wait_for_workers(count, PATIENCE).expect("they register");
    }

    pub(crate) fn gate(&self) -> Gate {
        Gate(numbered(self.folder.path(), "gate"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

#[track_caller]
fn start(endpoint: &str, level: &str, arguments: &[&str], folder: &Path) -> Process {
    listen(Command::new(PROGRAMS.master), endpoint, level, arguments, folder)
}

#[track_caller]
fn listen(mut command: Command, endpoint: &str, level: &str, arguments: &[&str], folder: &Path) -> Process {
    command.args(["--endpoint", endpoint]).args(arguments).env("RUST_LOG", level);
    let master = Process::start(folder, &mut command);
    assert_eq!(master.line_after("listening on "), endpoint);
    master
}
