//! A master dies, and another comes in its place: its workers and clients find it by themselves; what cannot, says so.

use crate::support::{
    Caller, Job, OutsideMaster, PATIENCE, PROGRAMS, Process, Setup, in_a_client, in_each_language, job, until,
};
use powerhose::{JobErrorKind, LostCause};
use std::process::Command;
use std::time::Duration;

in_each_language!(
    a_worker_registers_again_when_its_killed_master_is_started_again,
    a_job_of_the_master_before_is_finished_and_its_reply_reaches_nobody,
    workers_started_before_their_master_find_it,
);

fn a_worker_registers_again_when_its_killed_master_is_started_again(setup: Setup) {
    let mut outside = OutsideMaster::start(&[]);
    let worker = outside.worker_of(setup, &[]);
    let runner = outside.client();
    outside.wait_for_workers(&runner, 1);
    outside.master.kill();
    // The socket of the killed one is still there.
    outside.start_again();
    outside.wait_for_workers(&runner, 1);
    assert_eq!(runner.execute(job("pid", "")), Ok(worker.id().to_string().into_bytes()));
}

fn a_job_of_the_master_before_is_finished_and_its_reply_reaches_nobody(setup: Setup) {
    let mut outside = OutsideMaster::start(&[]);
    let _worker = outside.worker_of(setup, &[]);
    let client = outside.client_of(setup);
    assert!(client.has_workers(1, PATIENCE));
    let gate = outside.gate();
    let handle = client.submit(gate.job());
    let begun = gate.wait_begun(1);
    outside.master.kill();
    let error = handle.wait().expect_err("it is lost with the master");
    assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::Master));
    assert!(error.may_have_run() && error.is_retryable() && !error.is_timeout());
    assert!(error.job().is_some(), "{error}");
    outside.start_again();
    gate.open();
    assert!(client.has_workers(1, PATIENCE));
    // A new master counts its clients' jobs anew: the old reply would fit the first of them.
    assert_eq!(client.execute("next"), Ok(b"next".to_vec()));
    assert_eq!(client.execute(job("count", "")), Ok(b"3".to_vec()));
    assert_eq!(gate.begun(), begun);
}

fn workers_started_before_their_master_find_it(setup: Setup) {
    let mut outside = OutsideMaster::start(&[]);
    outside.end();
    let workers = [outside.worker_of(setup, &[]), outside.worker_of(setup, &[])];
    outside.start_again();
    let runner = outside.client();
    outside.wait_for_workers(&runner, 2);
    let mut pids: Vec<u32> =
        runner.workers().expect("the master is there").iter().map(|info| info.pid).collect();
    pids.sort_unstable();
    let mut expected = workers.map(|worker| worker.id());
    expected.sort_unstable();
    assert_eq!(pids, expected);
}

#[test]
fn workers_outlive_a_master_that_ends_in_good_order_and_serve_the_next() {
    let mut outside = OutsideMaster::start(&[]);
    let worker = outside.worker(&[]);
    let runner = outside.client();
    outside.wait_for_workers(&runner, 1);
    outside.end();
    outside.start_again();
    outside.wait_for_workers(&runner, 1);
    assert_eq!(runner.execute(job("pid", "")), Ok(worker.id().to_string().into_bytes()));
}

#[test]
fn a_worker_that_finds_no_master_says_so_and_exits_with_1() {
    let outside = OutsideMaster::start(&[]);
    let nowhere = format!("ipc://{}/nobody.ipc", outside.folder().display());
    let mut worker = outside.process(Command::new(PROGRAMS.worker).args([&nowhere, "--silence-ms", "300"]));
    assert_eq!(worker.ended().code(), Some(1));
    assert!(worker.log().contains(&format!("no master answered at {nowhere} for 300ms")), "{}", worker.log());
}

#[test]
fn a_worker_whose_master_stays_away_says_so_and_exits_with_1() {
    let mut outside = OutsideMaster::start(&["--heartbeat-ms", "100"]);
    let mut worker = outside.worker(&["--silence-ms", "1500"]);
    let runner = outside.client();
    outside.wait_for_workers(&runner, 1);
    outside.master.kill();
    assert_eq!(worker.ended().code(), Some(1));
    assert!(worker.log().contains("no master answered at"), "{}", worker.log());
}

#[cfg(feature = "python-tests")]
#[test]
fn a_python_worker_that_finds_no_master_says_so_and_exits_with_1() {
    let outside = OutsideMaster::start(&[]);
    let nowhere = format!("ipc://{}/nobody.ipc", outside.folder().display());
    let mut command = crate::support::python_example("worker.py");
    let mut worker = outside.process(command.args([&nowhere, "--master-silence", "0.3"]));
    assert_eq!(worker.ended().code(), Some(1));
    assert!(worker.log().contains("heard no master for 0.3 s"), "{}", worker.log());
}

in_a_client!(
    every_call_of_a_client_ends_when_its_master_is_killed_and_the_next_master_serves_it,
    a_job_that_is_submitted_while_its_master_is_gone_is_done_by_the_next,
    a_deadline_is_kept_while_the_master_is_gone,
);

fn every_call_of_a_client_ends_when_its_master_is_killed_and_the_next_master_serves_it(setup: Setup) {
    let mut outside = OutsideMaster::start(&[]);
    let _worker = outside.worker(&[]);
    let (client, other) = (outside.client_of(setup), outside.client());
    assert!(client.has_workers(1, PATIENCE));
    let gate = outside.gate();
    let running = client.submit(gate.job());
    gate.wait_begun(1);
    let waiting: Vec<_> = (0..100).map(|_| client.submit("never")).collect();
    until("the master to have all", || other.stats().is_ok_and(|stats| stats.accepted == 101));
    outside.master.kill();
    for handle in waiting.into_iter().chain([running]) {
        let error = handle.wait().expect_err("its master was killed");
        assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::Master));
        assert!(error.may_have_run() && error.is_retryable(), "a client cannot know which began: {error:?}");
    }
    outside.start_again();
    gate.open();
    assert!(client.has_workers(1, PATIENCE), "the worker registers again");
    assert_eq!(client.execute("next"), Ok(b"next".to_vec()));
}

/// A client whose master was killed, and knows it: its job was lost.
#[track_caller]
fn without_a_master(setup: Setup) -> (OutsideMaster, Process, Caller) {
    let mut outside = OutsideMaster::start(&[]);
    let worker = outside.worker(&[]);
    let client = outside.client_of(setup);
    assert!(client.has_workers(1, PATIENCE));
    let gate = outside.gate();
    let lost = client.submit(gate.job());
    gate.wait_begun(1);
    outside.master.kill();
    gate.open();
    assert_eq!(
        lost.wait().map(|_| ()).map_err(|error| error.kind().clone()),
        Err(JobErrorKind::Lost(LostCause::Master))
    );
    (outside, worker, client)
}

fn a_job_that_is_submitted_while_its_master_is_gone_is_done_by_the_next(setup: Setup) {
    let (mut outside, _worker, client) = without_a_master(setup);
    let early = client.submit("early");
    outside.start_again();
    assert_eq!(&*early.wait().expect("a reply"), b"early");
}

fn a_deadline_is_kept_while_the_master_is_gone(setup: Setup) {
    let (_outside, _worker, client) = without_a_master(setup);
    let brief = Job::new("").timeout(Duration::from_millis(200));
    for ended in [client.submit(brief.clone()).wait().map(|_| ()), client.execute(brief).map(|_| ())] {
        let error = ended.expect_err("nobody is there");
        assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    }
}
