//! What the workers of a cluster print, and what their jobs start.

use crate::cluster::{cluster, processes_with, start, wait_until_gone};
use crate::support::{PROGRAMS, Process, eventually, job, until};
use powerhose::{JobErrorKind, JobHandle, JobRunner, LostCause};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a process that has held a cluster of two printed to both streams, with what its workers printed.
fn printed(flags: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(PROGRAMS.master);
    // A worker that waits for a file prints to standard output.
    command.args(["--program", PROGRAMS.worker, "--workers", "2", "--worker-arg=--start-when=/"]).args(flags);
    command.env("RUST_LOG", "info").env("XDG_RUNTIME_DIR", folder.path());
    let mut holder = Process::start(folder.path(), &mut command);
    // Its end kills them: what they have not said by then they never say.
    until("both to say that they have registered", || {
        holder.log().matches("powerhose_worker::machine::greeting: registered").count() == 2
    });
    holder.end_input();
    assert_eq!(holder.status(), 0);
    (holder.output(), holder.log())
}

#[test]
fn what_a_worker_prints_comes_with_its_name_unless_told_otherwise() {
    let lines = |text: &str, line: &str| text.lines().filter(|found| *found == line).count();
    let (output, log) = printed(&[]);
    for name in ["worker-0 | ", "worker-1 | "] {
        assert_eq!(lines(&output, &format!("{name}starting up")), 1, "{output}");
        let logged = log.lines().any(|line| line.starts_with(name) && line.contains("powerhose_worker"));
        assert!(logged, "{log}");
    }
    let (output, log) = printed(&["--inherit-output"]);
    assert_eq!(lines(&output, "starting up"), 2, "{output}");
    assert!(log.contains("powerhose_worker") && !log.contains("worker-0 | "), "{log}");
}

/// Runs a job that starts processes, one of them in a session of its own, and gives all processes with this marker.
#[track_caller]
fn processes_of_a_job(runner: &JobRunner, marker: &Path) -> (JobHandle, Vec<u32>) {
    let before = processes_with(marker).len();
    let handle = runner.submit(job("shell", "setsid sleep 77 & sleep 77").once());
    // A shell, both that sleep, and none that is still on its way to that.
    let started = eventually("what the job starts", || {
        let found = processes_with(marker);
        let sleeping = found.iter().filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep")
        });
        (found.len() == before + 3 && sleeping.count() == 2).then_some(found)
    });
    (handle, started)
}

#[test]
fn what_a_job_has_started_ends_with_its_worker_that_is_killed() {
    let marker = tempfile::tempdir().expect("a temporary folder");
    let cluster = start(cluster().workers(1).env("POWERHOSE_TEST_MARKER", marker.path()));
    let (handle, started) = processes_of_a_job(&cluster.runner(), marker.path());
    crate::support::send_signal(cluster.pids()[0], rustix::process::Signal::KILL);
    wait_until_gone(&started);
    let error = handle.wait().expect_err("it was killed");
    assert!(matches!(error.kind(), JobErrorKind::Lost(_)), "{error:?}");
    assert_eq!(cluster.runner().execute("next"), Ok(b"next".to_vec()));
}

#[test]
fn what_a_job_has_started_ends_with_the_process_of_its_cluster_that_is_killed() {
    let marker = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(PROGRAMS.master);
    command.args(["--program", PROGRAMS.worker, "--workers", "1"]);
    command.env("XDG_RUNTIME_DIR", marker.path()).env("POWERHOSE_TEST_MARKER", marker.path());
    let mut holder = Process::start(marker.path(), &mut command);
    let runner = crate::support::connect(&holder.line_after("listening on "));
    let (handle, started) = processes_of_a_job(&runner, marker.path());
    holder.kill();
    wait_until_gone(&started);
    assert_eq!(*handle.wait().expect_err("it was killed").kind(), JobErrorKind::Lost(LostCause::Master));
}
