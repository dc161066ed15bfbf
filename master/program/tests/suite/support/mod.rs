//! What the tests share: a folder with an endpoint, processes that end with their test, and waiting with a bound.

pub(crate) use powerhose_harness::{Process, eventually, is_running, send_signal as signal};
pub(crate) use rustix::process::Signal;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// No condition takes longer, also on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_powerhose");

/// A folder of its own, with the endpoint that all its commands use.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        Scene { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("ipc://{}", self.path("m.ipc").display())
    }

    /// Writes a file, and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).expect("the folder is writable");
        path.display().to_string()
    }

    /// Our program with these arguments, at this scene's endpoint.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("POWERHOSE_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.folder())
            .env("POWERHOSE_ENDPOINT", self.endpoint())
            .env_remove("NOTIFY_SOCKET");
        command
    }

    /// Starts it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        Process::start(self.folder(), &mut self.command(arguments))
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"")
    }

    /// The same, with this standard input.
    #[track_caller]
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        run(&mut self.command(arguments), input)
    }

    /// `run` with so many workers of `work`, whose program is run by a shell; it is ready.
    #[track_caller]
    pub(crate) fn run_workers(&self, count: usize, flags: &[&str], work: &[&str]) -> Process {
        let count = count.to_string();
        let mut arguments = vec!["run", "--workers", &count];
        arguments.extend_from_slice(flags);
        arguments.extend_from_slice(&["--", PROGRAM, "work"]);
        arguments.extend_from_slice(work);
        let process = self.start(&arguments);
        self.workers_are(count.parse().expect("it was a number"));
        process
    }

    /// Waits until so many workers are registered.
    #[track_caller]
    pub(crate) fn workers_are(&self, count: usize) {
        let ending = format!("workers {count}");
        eventually(&ending, || {
            let ran = self.run(&["check"]);
            ran.stdout.trim_end().ends_with(&ending).then_some(())
        });
    }

    /// The process ids of the workers, as the master knows them.
    #[track_caller]
    pub(crate) fn worker_pids(&self) -> Vec<u32> {
        self.workers().iter().map(|worker| worker["pid"].as_u64().expect("a process id") as u32).collect()
    }

    /// The memory of the first worker, in bytes.
    #[track_caller]
    pub(crate) fn worker_memory(&self) -> u64 {
        self.workers()[0]["memory_bytes"].as_u64().expect("it is told")
    }

    /// The id of the first worker.
    #[track_caller]
    pub(crate) fn worker_id(&self) -> String {
        self.workers()[0]["id"].to_string()
    }

    #[track_caller]
    fn workers(&self) -> Vec<serde_json::Value> {
        let status = self.run(&["status", "--json"]).stdout;
        let status: serde_json::Value = serde_json::from_str(&status).expect("it is JSON");
        status["workers"].as_array().expect("a list of workers").clone()
    }
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, with this standard input.
#[track_caller]
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Ran {
    use std::io::Write;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    // It may end without reading all of it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it is our child");
    writer.join().expect("it does not panic");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let status = status.code().unwrap_or_else(|| panic!("{command:?} ended with {status}"));
    Ran { status, stdout: text(stdout), stderr: text(stderr) }
}
