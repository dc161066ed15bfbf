//! Processes that stand still, or cannot be heard: a stopped worker's job runs elsewhere and its late reply reaches nobody; a busy worker is
//! not silent; a master that stood still itself forgets nobody.

use crate::support::{
    Cable, OutsideMaster, REMOTE, Setup, eventually, in_a_client, in_a_client_program, in_every_setup,
    is_stopped, job, send_signal, time_has_passed, until,
};
use powerhose::{GoneCause, JobErrorKind, LostCause, Notice, Settings, WorkerState};
use rustix::process::Signal;
use std::time::Duration;

in_every_setup!(and_python:
    the_job_of_a_stopped_worker_runs_elsewhere_and_its_late_reply_reaches_nobody,
    a_worker_that_computes_for_longer_than_the_silence_allowed_is_not_gone,
);

/// Short, and long enough for a loaded machine.
fn short_silence(settings: &mut Settings) {
    settings.heartbeat_interval = Duration::from_millis(100);
    settings.silence_max = Duration::from_millis(1500);
}

fn the_job_of_a_stopped_worker_runs_elsewhere_and_its_late_reply_reaches_nobody(setup: Setup) {
    let scene = setup.workers(2).settings(short_silence).start();
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    let first = gate.wait_begun(1)[0];
    scene.signal(first.pid, Signal::STOP);
    let second = gate.wait_begun(2)[1];
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_ne!(second.pid, first.pid);
    gate.open();
    assert_eq!(&*handle.wait().expect("a reply"), b"2");
    // It goes on where it was: in the midst of a job of a session that is over.
    scene.signal(first.pid, Signal::CONT);
    scene.wait_for_workers(2);
    let replies: Vec<_> =
        (0..10_u8).map(|number| (number, scene.runner.submit([number].as_slice()))).collect();
    for (number, handle) in replies {
        assert_eq!(&*handle.wait().expect("a reply"), [number]);
    }
    let stats = scene.master.stats().expect("the master is there");
    assert_eq!((stats.accepted, stats.done, stats.lost), (11, 11, 0));
    assert_eq!(gate.begun(), [first, second]);
}

fn a_worker_that_computes_for_longer_than_the_silence_allowed_is_not_gone(setup: Setup) {
    let scene = setup.workers(1).settings(short_silence).start();
    let gate = scene.gate();
    let worker = scene.infos()[0].id;
    let handle = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    time_has_passed(Duration::from_millis(2500));
    gate.open();
    let reply = handle.wait().expect("a reply");
    assert_eq!((&*reply, reply.attempts(), reply.worker()), (&b"1"[..], 1, worker));
    let gone = |notice: &Notice| matches!(notice, Notice::WorkerGone { .. });
    assert!(!scene.other_notices().iter().any(gone));
}

#[test]
fn a_stopped_worker_is_gone_until_it_goes_on() {
    let scene = REMOTE.workers(1).settings(short_silence).start();
    let pid = scene.infos()[0].pid;
    scene.signal(pid, Signal::STOP);
    let cause = scene.notice(|notice| match notice {
        Notice::WorkerGone { cause, .. } => Some(cause),
        _ => None,
    });
    // By the silence of the worker, or of its connection, whose own heartbeats are slower.
    assert!(matches!(cause, GoneCause::Silent | GoneCause::Disconnected), "{cause:?}");
    scene.signal(pid, Signal::CONT);
    scene.wait_for_state(WorkerState::Ready, 1);
    assert_eq!(scene.runner.execute(job("pid", "")), Ok(pid.to_string().into_bytes()));
}

in_a_client_program!(a_client_that_stood_still_has_left_its_jobs_and_works_when_it_goes_on);

fn a_client_that_stood_still_has_left_its_jobs_and_works_when_it_goes_on(setup: Setup) {
    let scene = setup.workers(1).settings(short_silence).start();
    let mark = scene.mark();
    let left = scene.caller.submit(mark.job_until_cancelled());
    mark.wait_begun();
    let client = scene.caller.program().id();
    send_signal(client, Signal::STOP);
    until("the client to stop", || is_stopped(client));
    mark.wait();
    let cause = scene.notice(|notice| match notice {
        Notice::ClientGone { cause, .. } => Some(cause),
        _ => None,
    });
    assert!(matches!(cause, GoneCause::Silent | GoneCause::Disconnected), "{cause:?}");
    send_signal(client, Signal::CONT);
    let error = left.wait().expect_err("nobody kept it");
    assert!(
        matches!(error.kind(), JobErrorKind::Lost(LostCause::Master)) && error.may_have_run(),
        "{error:?}"
    );
    assert_eq!(scene.caller.execute("next"), Ok(b"next".to_vec()));
}

#[test]
fn the_job_of_a_worker_whose_cable_is_pulled_runs_elsewhere() {
    let mut scene = REMOTE.workers(0).settings(short_silence).start();
    let cable = Cable::to(&scene.endpoint, scene.folder.path());
    let _unplugged = scene.process(REMOTE.worker_command().arg(&cable.endpoint));
    scene.wait_for_workers(1);
    let gate = scene.gate();
    let handle = scene.runner.submit(gate.job());
    let first = gate.wait_begun(1)[0];
    scene.add_worker(&[]);
    scene.wait_for_workers(2);
    cable.pull();
    let second = gate.wait_begun(2)[1];
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_ne!(second.pid, first.pid);
    gate.open();
    assert_eq!(&*handle.wait().expect("a reply"), b"2");
    let cause = scene.notice(|notice| match notice {
        Notice::WorkerGone { cause, .. } => Some(cause),
        _ => None,
    });
    assert!(matches!(cause, GoneCause::Silent | GoneCause::Disconnected), "{cause:?}");
}

in_a_client!(a_master_that_stood_still_forgets_neither_its_workers_nor_their_jobs);

fn a_master_that_stood_still_forgets_neither_its_workers_nor_their_jobs(setup: Setup) {
    let outside = OutsideMaster::start(&["--heartbeat-ms", "100", "--silence-ms", "500"]);
    let _worker = outside.worker(&[]);
    let (client, runner) = (outside.client_of(setup), outside.client());
    outside.wait_for_workers(&runner, 1);
    let before = runner.workers().expect("the master is there");
    let gate = outside.gate();
    let handle = client.submit(gate.job());
    gate.wait_begun(1);
    outside.master.signal(Signal::STOP);
    eventually("the master to stop", || is_stopped(outside.master.id()).then_some(()));
    time_has_passed(Duration::from_millis(1000));
    outside.master.signal(Signal::CONT);
    gate.open();
    assert_eq!(&*handle.wait().expect("a reply"), b"1");
    assert_eq!(client.execute("next"), Ok(b"next".to_vec()));
    let after = runner.workers().expect("the master is there");
    assert_eq!((before[0].id, before[0].pid), (after[0].id, after[0].pid));
}
