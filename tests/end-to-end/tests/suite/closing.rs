//! The end of a runner: closed, with time for the jobs it has, or dropped.

use crate::support::{
    Call, EMBEDDED, Failed, Job, PATIENCE, Setup, in_a_client, in_a_client_program, in_every_setup, job,
    until,
};
use powerhose::{
    GoneCause, JobErrorKind, JobRunner, JobsLost, LostCause, MasterGone, Notice, PoolSettings, Rejection,
};
use rustix::process::Signal;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

in_every_setup!(and_python:
    closing_lets_the_jobs_finish_that_it_has,
    jobs_that_have_not_ended_when_draining_is_over_are_lost_and_counted,
    a_closed_runner_rejects_every_job_at_once,
    a_closed_runner_answers_no_question,
);

in_a_client_program!(
    closing_lets_the_jobs_finish_that_it_has,
    jobs_that_have_not_ended_when_draining_is_over_are_lost_and_counted,
    a_closed_runner_rejects_every_job_at_once,
    the_last_outcome_of_a_drain_reaches_its_caller,
);

in_every_setup!(mod dropping:
    a_runner_whose_last_clone_is_dropped_ends_and_its_jobs_with_it,
    closing_twice_is_like_closing_once,
);

in_every_setup!(mod draining:
    the_last_outcome_of_a_drain_reaches_its_caller,
);

in_a_client!(
    a_client_that_closes_leaves_the_master_and_other_clients_alone,
    the_calls_of_a_client_end_as_lost_when_the_master_closes,
);

/// Without the time that a master gives its clients to read, one in twelve lost its last outcome.
const DRAINS: usize = 40;

#[track_caller]
fn assert_closed(error: &Failed) {
    assert_eq!(*error.kind(), JobErrorKind::Rejected(Rejection::Closed));
    assert!(!error.may_have_run() && !error.is_retryable() && !error.is_overload(), "{error:?}");
}

fn closing_lets_the_jobs_finish_that_it_has(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let running = scene.caller.submit(gate.job());
    gate.wait_begun(1);
    let waiting = scene.caller.submit("waiting");
    scene.wait_for_accepted(2);
    let closing = thread::spawn({
        let runner = scene.caller.clone();
        move || runner.close(PATIENCE)
    });
    // From some moment on it takes no further jobs; until then they are jobs like any other.
    let mut late = Vec::new();
    until("it to close", || {
        late.push(scene.caller.submit("late"));
        late.iter().any(Call::has_ended)
    });
    assert!(!closing.is_finished() && !running.has_ended());
    gate.open();
    assert_eq!(closing.join().expect("no panic"), Ok(()));
    assert_eq!(&*running.wait().expect("a reply"), b"1");
    assert_eq!(&*waiting.wait().expect("a reply"), b"waiting");
    for handle in late {
        match handle.wait() {
            Ok(reply) => assert_eq!(&*reply, b"late"),
            Err(error) => assert_closed(&error),
        }
    }
}

fn jobs_that_have_not_ended_when_draining_is_over_are_lost_and_counted(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let running = scene.caller.submit(gate.job());
    gate.wait_begun(1);
    let waiting = scene.caller.submit("waiting");
    scene.wait_for_accepted(2);
    assert_eq!(scene.caller.close(Duration::from_millis(50)), Err(JobsLost { jobs: 2 }));
    let error = running.wait().expect_err("it ran still");
    assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::Master));
    assert!(error.may_have_run() && error.is_retryable(), "{error:?}");
    assert_eq!(*waiting.wait().expect_err("nobody ran it").kind(), JobErrorKind::Lost(LostCause::Master));
    gate.open();
}

fn the_last_outcome_of_a_drain_reaches_its_caller(setup: Setup) {
    for _ in 0..DRAINS {
        let scene = setup.workers(1).start();
        let gate = scene.gate();
        let last = scene.caller.submit(gate.job());
        gate.wait_begun(1);
        let closing = scene.drain();
        gate.open();
        assert_eq!(&*last.wait().expect("the drain waits for it"), b"1");
        assert_eq!(closing.join().expect("no panic"), Ok(()));
    }
}

fn a_closed_runner_rejects_every_job_at_once(setup: Setup) {
    let scene = setup.workers(1).start();
    assert_eq!(scene.caller.execute("first"), Ok(b"first".to_vec()));
    assert_eq!(scene.caller.close(PATIENCE), Ok(()));
    for _ in 0..2 {
        assert_closed(&scene.caller.execute("late").expect_err("it is closed"));
        assert_closed(&scene.caller.submit("late").wait().expect_err("it is closed"));
        assert!(!scene.caller.has_workers(1, PATIENCE), "nobody is there any longer");
    }
}

fn a_closed_runner_answers_no_question(setup: Setup) {
    let scene = setup.workers(1).start();
    let runner = scene.runner.clone();
    assert_eq!(scene.runner.close(PATIENCE), Ok(()));
    for runner in [&scene.runner, &runner] {
        assert_eq!(runner.workers(), Err(MasterGone));
        assert_eq!(runner.stats(), Err(MasterGone));
        let missing = runner.wait_for_workers(1, PATIENCE).expect_err("nobody is there any longer");
        assert_eq!((missing.wanted, missing.registered), (1, 0));
    }
}

fn closing_twice_is_like_closing_once(setup: Setup) {
    let scene = setup.workers(1).start();
    let closing: Vec<_> = (0..4)
        .map(|_| scene.runner.clone())
        .map(|runner| thread::spawn(move || runner.close(PATIENCE)))
        .collect();
    for thread in closing {
        assert_eq!(thread.join().expect("no panic"), Ok(()));
    }
    assert_eq!(scene.runner.close(Duration::ZERO), Ok(()));
}

fn a_runner_whose_last_clone_is_dropped_ends_and_its_jobs_with_it(setup: Setup) {
    let scene = setup.workers(1).start();
    let mark = scene.mark();
    let clone = scene.runner.clone();
    let handle = scene.runner.submit(mark.job_until_cancelled());
    mark.wait_begun();
    let _remains = scene.drop_runner();
    assert!(!handle.has_ended(), "a clone is left, and a handle");
    drop(clone);
    assert!(!handle.has_ended(), "a handle is left");
    drop(handle);
    // The worker is told that nobody waits, by the master or by its end.
    mark.wait();
}

#[test]
fn every_job_that_is_submitted_at_the_moment_of_closing_ends_as_closed() {
    for _ in 0..30 {
        let scene = EMBEDDED.workers(0).start();
        let begin = Barrier::new(4);
        // Jobs that the master answers at once, until there is none to do so; one that nobody answered would time out.
        let execute_on = || {
            begin.wait();
            loop {
                let error =
                    scene.runner.execute(Job::new("").pool("no pool's name")).expect_err("no pool's name");
                match error.kind() {
                    JobErrorKind::Rejected(Rejection::BadPool { .. }) => {}
                    _ => return assert_closed(&error.into()),
                }
            }
        };
        thread::scope(|scope| {
            let executing = [(); 3].map(|()| scope.spawn(execute_on));
            begin.wait();
            assert_eq!(scene.runner.close(PATIENCE), Ok(()));
            executing.into_iter().for_each(|thread| thread.join().expect("no panic"));
        });
    }
}

#[test]
fn after_the_last_clone_is_dropped_another_master_can_listen_there_and_gets_the_workers() {
    let scene = EMBEDDED.workers(1).start();
    let pid = scene.infos()[0].pid;
    let endpoint = scene.endpoint.clone();
    let _remains = scene.drop_runner();
    let next = JobRunner::bind(&endpoint).expect("nobody listens there any longer");
    next.wait_for_workers(1, PATIENCE).expect("it registers again");
    assert_eq!(next.execute(job("pid", "")), Ok(pid.to_string().into_bytes()));
}

fn a_client_that_closes_leaves_the_master_and_other_clients_alone(setup: Setup) {
    let scene = setup.workers(1).start();
    let other = scene.another_caller();
    assert_eq!(scene.caller.close(PATIENCE), Ok(()));
    let cause = scene.notice(|notice| match notice {
        Notice::ClientGone { cause, .. } => Some(cause),
        _ => None,
    });
    assert_eq!(cause, GoneCause::Goodbye);
    assert_eq!(other.execute("next"), Ok(b"next".to_vec()));
    assert_eq!(scene.infos().len(), 1);
}

fn the_calls_of_a_client_end_as_lost_when_the_master_closes(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let handle = scene.caller.submit(gate.job());
    gate.wait_begun(1);
    assert_eq!(scene.master.close(Duration::ZERO), Err(JobsLost { jobs: 1 }));
    let error = handle.wait().expect_err("the master ended");
    assert_eq!(*error.kind(), JobErrorKind::Lost(LostCause::Master));
    gate.open();
}

#[test]
fn a_worker_ends_with_0_on_sigterm_when_its_master_has_closed() {
    let mut scene = EMBEDDED.workers(1).start();
    assert_eq!(scene.master.close(PATIENCE), Ok(()));
    scene.workers[0].signal(Signal::TERM);
    assert_eq!(scene.workers[0].ended().code(), Some(0));
}

#[test]
fn jobs_that_time_out_while_the_master_drains_are_counted_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let endpoint = format!("ipc://{}", folder.path().join("m.ipc").display());
    let master = JobRunner::builder().endpoint(endpoint).pool("sign", PoolSettings::new());
    let runner = master.bind().expect("it listens");
    let handle = runner.submit(Job::new("x").pool("sign").timeout(Duration::from_millis(100)));
    assert_eq!(runner.close(PATIENCE), Err(JobsLost { jobs: 1 }));
    assert!(handle.wait().is_err_and(|error| error.is_timeout()));
}
