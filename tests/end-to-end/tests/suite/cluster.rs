//! A cluster: an embedded master and worker processes that start with it, are replaced when they die, and end with it
//! however it ends.

use crate::support::{
    Caller, Job, PATIENCE, PROGRAMS, Process, Setup, eventually, in_a_client, is_running, job, numbered,
    until,
};
use powerhose::{
    Cluster, ClusterBuilder, ClusterError, JobErrorKind, JobsLost, LostCause, Rejection, SpawnError,
    StartFailure, WorkerExit, cores,
};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub(crate) fn cluster() -> ClusterBuilder {
    Cluster::builder(PROGRAMS.worker).env("RUST_LOG", "off").master(|master| master.timeout(PATIENCE))
}

#[track_caller]
pub(crate) fn start(builder: ClusterBuilder) -> Cluster {
    builder.start().expect("it starts")
}

#[track_caller]
pub(crate) fn wait_until_gone(pids: &[u32]) {
    until("the workers to be gone", || !pids.iter().any(|pid| is_running(*pid)));
}

#[test]
fn it_has_a_worker_for_each_core_unless_told_otherwise() {
    let started = start(cluster());
    let pids: BTreeSet<u32> = started.pids().into_iter().collect();
    assert_eq!(pids.len(), cores());
    let registered = started.runner().workers().expect("the master is there");
    assert_eq!(registered.iter().map(|info| info.pid).collect::<BTreeSet<_>>(), pids);
    assert_eq!(start(cluster().workers(3)).pids().len(), 3);
}

#[test]
fn workers_get_the_arguments_and_the_environment() {
    let cluster = start(cluster().workers(1).arg("--pool").args(["sign", "--pool", "verify"]));
    let runner = cluster.runner();
    let info = runner.workers().expect("the master is there").remove(0);
    assert_eq!(info.pools, ["sign", "verify"]);
    let environment = fs::read(format!("/proc/{}/environ", info.pid)).expect("it runs");
    let endpoint = format!("POWERHOSE_ENDPOINT={}", runner.endpoints()[0]);
    for variable in [endpoint.as_bytes(), b"RUST_LOG=off"] {
        assert!(environment.split(|byte| *byte == 0).any(|found| found == variable));
    }
}

#[test]
fn its_socket_is_in_a_folder_for_this_user_alone_which_is_removed_at_the_end() {
    let cluster = start(cluster().workers(1));
    let socket = cluster.runner().endpoints()[0].path().expect("a unix socket").to_owned();
    let folder = socket.parent().expect("it has one").to_owned();
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&socket)), (0o700, 0o600));
    drop(cluster);
    assert!(!folder.exists());
}

#[test]
fn a_worker_that_dies_is_replaced_and_its_job_runs_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cluster = start(cluster().workers(1));
    let (runner, before) = (cluster.runner(), cluster.pids());
    let gate = crate::support::Gate::at(numbered(folder.path(), "gate"));
    let handle = runner.submit(gate.job());
    crate::support::send_signal(gate.wait_begun(1)[0].pid, rustix::process::Signal::KILL);
    let again = gate.wait_begun(2)[1];
    gate.open();
    assert_eq!(&*handle.wait().expect("a reply"), b"2");
    assert_ne!(again.pid, before[0]);
    assert_eq!(cluster.pids(), [again.pid]);
}

/// Executes a job that ends its worker until it is told how. The master waits a moment to learn it, and on a loaded
/// machine it may come later: then it is only known that the worker is gone.
#[track_caller]
fn assert_lost_with(caller: &Caller, job: &Job, exit: WorkerExit) {
    let error = eventually("the end of a worker to be known in time", || {
        let error = caller.execute(job.clone()).expect_err("it ends its worker");
        assert!(error.may_have_run() && error.is_retryable() && error.attempts() == 1, "{error:?}");
        (*error.kind() != JobErrorKind::Lost(LostCause::Worker)).then_some(error)
    });
    assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::WorkerExit(exit)));
    assert!(error.to_string().ends_with(&format!("was lost: its worker ended: {exit}")), "{error}");
}

#[test]
fn the_signal_or_the_status_of_its_worker_is_told_to_the_caller_of_a_lost_job() {
    let cluster = start(cluster().workers(1));
    let ends = [
        ("exit", "7", WorkerExit::Status(7)),
        ("abort", "", WorkerExit::Signal(6)),
        ("kill", "9", WorkerExit::Signal(9)),
    ];
    for (command, operand, exit) in ends {
        assert_lost_with(&Caller::Own(cluster.runner()), &job(command, operand).attempts_max(1), exit);
    }
}

in_a_client!(a_client_in_another_process_is_told_the_signal_and_the_status_too);

fn a_client_in_another_process_is_told_the_signal_and_the_status_too(setup: Setup) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cluster = start(cluster().workers(1));
    let client = setup.client_of(&cluster.runner().endpoints()[0].to_string(), folder.path());
    assert_lost_with(&client, &job("exit", "7").once(), WorkerExit::Status(7));
    assert_lost_with(&client, &job("kill", "9").once(), WorkerExit::Signal(9));
}

#[test]
fn dropping_it_ends_the_workers_at_once() {
    let cluster = start(cluster().workers(2));
    let (pids, runner) = (cluster.pids(), cluster.runner());
    let hanging = runner.submit(job("hang", ""));
    until("a worker to be busy", || {
        runner.workers().is_ok_and(|workers| workers.iter().any(|info| info.outstanding == 1))
    });
    drop(cluster);
    wait_until_gone(&pids);
    drop(hanging);
}

#[test]
fn closing_it_lets_jobs_finish_and_ends_the_workers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cluster = start(cluster().workers(1));
    let (runner, pids) = (cluster.runner(), cluster.pids());
    let gate = crate::support::Gate::at(numbered(folder.path(), "gate"));
    let handle = runner.submit(gate.job());
    gate.wait_begun(1);
    let closing = std::thread::spawn(move || cluster.close(PATIENCE));
    until("it to close", || {
        let error = runner.submit("late").wait_timeout(Duration::ZERO).and_then(Result::err);
        error.is_some_and(|error| *error.kind() == JobErrorKind::Rejected(Rejection::Closed))
    });
    gate.open();
    assert_eq!(closing.join().expect("no panic"), Ok(()));
    assert_eq!(&*handle.wait().expect("a reply"), b"1");
    wait_until_gone(&pids);
}

#[test]
fn closing_it_without_time_counts_what_was_lost_and_still_ends_the_workers() {
    let cluster = start(cluster().workers(1));
    let (runner, pids) = (cluster.runner(), cluster.pids());
    let handle = runner.submit(job("sleep", "300"));
    until("it to run", || runner.workers().is_ok_and(|workers| workers[0].outstanding == 1));
    assert_eq!(cluster.close(Duration::from_millis(1)), Err(JobsLost { jobs: 1 }));
    assert_eq!(*handle.wait().expect_err("it was lost").kind(), JobErrorKind::Lost(LostCause::Master));
    wait_until_gone(&pids);
}

#[test]
fn its_workers_end_when_its_process_is_killed_and_the_next_one_removes_its_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let start = || {
        let mut command = Command::new(PROGRAMS.master);
        command.args(["--program", PROGRAMS.worker, "--workers", "3"]);
        // Where its folder comes to lie.
        command.env("XDG_RUNTIME_DIR", folder.path());
        let parent = Process::start(folder.path(), &mut command);
        let pids: Vec<u32> = (0..3).map(|_| parent.line_after("worker ").parse().expect("an id")).collect();
        let endpoint = parent.line_after("listening on ");
        (parent, pids, endpoint)
    };
    let (mut parent, pids, endpoint) = start();
    let runner = crate::support::connect(&endpoint);
    let hanging = runner.submit(job("hang", ""));
    until("a worker to be busy", || {
        runner.workers().is_ok_and(|workers| workers.iter().any(|info| info.outstanding == 1))
    });
    parent.kill();
    wait_until_gone(&pids);
    let error = hanging.wait().expect_err("all of it was killed");
    assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::Master));
    let socket = Path::new(endpoint.trim_start_matches("ipc://"));
    assert!(socket.exists());
    let (mut next, next_pids, _) = start();
    assert!(!socket.parent().expect("it has one").exists());
    next.end_input();
    assert_eq!(next.ended().code(), Some(0));
    wait_until_gone(&next_pids);
}

#[track_caller]
fn failure(builder: ClusterBuilder) -> ClusterError {
    builder.start().expect_err("it cannot start")
}

#[test]
fn a_worker_program_that_is_not_there_is_named() {
    let error = failure(Cluster::builder("/no/such/program"));
    assert!(matches!(error, ClusterError::Spawn(SpawnError::NotFound { .. })), "{error:?}");
    assert_eq!(error.to_string(), "worker program `/no/such/program` not found");
}

#[test]
fn a_worker_program_that_cannot_be_executed_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("worker");
    fs::write(&file, "text").expect("a file");
    let error = failure(Cluster::builder(&file));
    assert!(matches!(error, ClusterError::Spawn(SpawnError::NotExecutable { .. })), "{error:?}");
    assert_eq!(error.to_string(), format!("worker program `{}` is not executable", file.display()));
}

#[test]
fn a_worker_program_that_exits_at_once_is_an_error_at_once_with_its_status() {
    let builder = cluster().args(["--exit-at-once", "3"]).worker_start(Duration::from_secs(3600));
    let error = failure(builder.workers(2));
    let ClusterError::Worker { failure, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(failure, StartFailure::Exited(Some(WorkerExit::Status(3)))), "{failure:?}");
    let text = format!(
        "worker program `{}` did not start: it ended before it registered: exit status 3",
        PROGRAMS.worker
    );
    assert_eq!(error.to_string(), text);
}

#[test]
fn workers_that_never_register_are_counted_and_not_left_running() {
    let marker = tempfile::tempdir().expect("a temporary folder");
    let variable = ("POWERHOSE_TEST_MARKER", marker.path());
    let builder = cluster().arg("--never-register").env(variable.0, variable.1).workers(2);
    let error = failure(builder.worker_start(Duration::from_millis(300)));
    // Who is first: the cluster's patience, or the supervisor's with one of them.
    match &error {
        ClusterError::WorkersMissing { wanted: 2, registered: 0, .. } => {}
        ClusterError::Worker { failure: StartFailure::NotRegistered { .. }, .. } => {}
        ClusterError::Worker { failure: StartFailure::Exited(Some(WorkerExit::Signal(9))), .. } => {}
        other => panic!("{other:?}"),
    }
    eventually("them to be gone", || processes_with(variable.1).is_empty().then_some(()));
}

/// The processes in whose environment this stands.
pub(crate) fn processes_with(marker: &Path) -> Vec<u32> {
    let marker = marker.as_os_str().as_encoded_bytes();
    let has_marker = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(marker.len()).any(|window| window == marker)
    };
    let entries = fs::read_dir("/proc").expect("it is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(has_marker).collect()
}

#[test]
fn an_endpoint_that_is_in_use_is_an_error_before_any_worker_starts() {
    let first = start(cluster().workers(1));
    let endpoint = first.runner().endpoints()[0].to_string();
    let marker = tempfile::tempdir().expect("a temporary folder");
    let error = failure(cluster().workers(1).endpoint(&endpoint).env("POWERHOSE_TEST_MARKER", marker.path()));
    assert!(matches!(error, ClusterError::Bind(_)), "{error:?}");
    assert!(processes_with(marker.path()).is_empty());
    assert_eq!(first.runner().execute("next"), Ok(b"next".to_vec()));
}
