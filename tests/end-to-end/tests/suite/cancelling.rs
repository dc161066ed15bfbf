//! A caller takes a job back, or goes away: it runs no more, or its worker is told, and either way the worker gets its
//! next job.

use crate::support::{EMBEDDED, Job, PATIENCE, Setup, in_a_client_program, in_every_setup, job, until};
use powerhose::{JobErrorKind, Notice, WorkerState};
use std::time::Duration;

in_every_setup!(
    a_cancelled_job_ends_as_cancelled_and_its_worker_is_told,
    a_cancelled_job_that_waited_is_never_run,
    dropping_the_handle_cancels_a_running_job,
    dropping_the_handle_cancels_a_waiting_job,
    cancelling_a_job_that_has_ended_changes_nothing,
    a_future_that_is_dropped_half_way_cancels_its_job,
);

// What drops its handle is not the same in every language; what cancels is.
in_a_client_program!(
    a_cancelled_job_ends_as_cancelled_and_its_worker_is_told,
    a_cancelled_job_that_waited_is_never_run,
    cancelling_a_job_that_has_ended_changes_nothing,
);

fn a_cancelled_job_ends_as_cancelled_and_its_worker_is_told(setup: Setup) {
    let scene = setup.workers(1).start();
    let mark = scene.mark();
    let handle = scene.caller.submit(mark.job_until_cancelled());
    mark.wait_begun();
    handle.cancel();
    let error = handle.wait().expect_err("it was cancelled");
    assert_eq!(*error.kind(), JobErrorKind::Cancelled);
    assert!(error.may_have_run() && !error.is_retryable() && !error.is_timeout() && !error.is_overload());
    mark.wait();
    scene.wait_for_state(WorkerState::Ready, 1);
    assert_eq!(scene.caller.execute("next"), Ok(b"next".to_vec()));
    let stats = scene.master.stats().expect("the master is there");
    assert_eq!((stats.cancelled, stats.done, stats.replies_late), (1, 1, 1));
}

fn a_cancelled_job_that_waited_is_never_run(setup: Setup) {
    let scene = setup.workers(1).start();
    let (gate, mark) = (scene.gate(), scene.mark());
    let held = scene.caller.submit(gate.job());
    scene.wait_for_state(WorkerState::Busy, 1);
    let waiting = scene.caller.submit(mark.job_until_cancelled());
    scene.wait_for_accepted(2);
    waiting.cancel();
    assert_eq!(*waiting.wait().expect_err("it was cancelled").kind(), JobErrorKind::Cancelled);
    until("the master to drop it", || scene.master.stats().is_ok_and(|stats| stats.cancelled == 1));
    gate.open();
    assert!(held.wait().is_ok());
    // The first that the worker runs after the one it held.
    assert_eq!(scene.caller.execute(job("count", "")), Ok(b"2".to_vec()));
    assert!(!mark.is_begun());
}

fn dropping_the_handle_cancels_a_running_job(setup: Setup) {
    let scene = setup.workers(1).start();
    let mark = scene.mark();
    let handle = scene.runner.submit(mark.job_until_cancelled());
    mark.wait_begun();
    drop(handle);
    mark.wait();
    scene.wait_for_state(WorkerState::Ready, 1);
    assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
}

fn dropping_the_handle_cancels_a_waiting_job(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job());
    scene.wait_for_state(WorkerState::Busy, 1);
    let waiting: Vec<_> = (0..100).map(|_| scene.runner.submit("never")).collect();
    scene.wait_for_accepted(101);
    drop(waiting);
    until("the master to drop them", || scene.master.stats().is_ok_and(|stats| stats.cancelled == 100));
    gate.open();
    assert!(held.wait().is_ok());
    assert_eq!(scene.runner.execute(job("count", "")), Ok(b"2".to_vec()));
}

fn cancelling_a_job_that_has_ended_changes_nothing(setup: Setup) {
    let scene = setup.workers(1).start();
    let handle = scene.caller.submit("payload");
    until("the job to end", || handle.has_ended());
    handle.cancel();
    handle.cancel();
    assert_eq!(&*handle.wait().expect("a reply"), b"payload");
    assert_eq!(scene.master.stats().expect("the master is there").cancelled, 0);
}

fn a_future_that_is_dropped_half_way_cancels_its_job(setup: Setup) {
    let scene = setup.workers(1).start();
    let mark = scene.mark();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    // As a web server does with the future of a request whose client hangs up.
    let request = async {
        let job = scene.runner.submit(mark.job_until_cancelled());
        tokio::select! {
            _ = job => panic!("it runs until it is cancelled"),
            () = async { while !mark.is_begun() { tokio::task::yield_now().await } } => {}
        }
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, request).await }).expect("the worker gets it");
    mark.wait();
    scene.wait_for_state(WorkerState::Ready, 1);
}

#[test]
fn a_handler_sees_when_the_deadline_has_passed() {
    let scene = EMBEDDED.workers(1).start();
    let mark = scene.mark();
    let brief = mark.job_until_cancelled().timeout(Duration::from_millis(500));
    // The worker's deadline is the master's to the millisecond: whoever sees it first decides.
    match scene.runner.execute(brief) {
        Ok(reply) => assert_eq!(reply, b"cancelled"),
        Err(error) => assert!(error.is_timeout(), "{error:?}"),
    }
    mark.wait();
    scene.wait_for_state(WorkerState::Ready, 1);
}

#[test]
fn a_worker_that_runs_a_cancelled_job_gets_no_other_until_it_answers() {
    let scene = EMBEDDED.workers(1).start();
    let gate = scene.gate();
    let deaf = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    deaf.cancel();
    scene.notice(|notice| matches!(notice, Notice::WorkerOverdue { .. }).then_some(()));
    scene.wait_for_state(WorkerState::Overdue, 1);
    let next = scene.runner.submit(Job::new("next"));
    scene.wait_for_accepted(2);
    assert_eq!(scene.infos()[0].outstanding, 1, "it has the cancelled job and nothing else");
    gate.open();
    assert_eq!(&*next.wait().expect("a reply"), b"next");
    scene.notice(|notice| matches!(notice, Notice::WorkerBack { .. }).then_some(()));
}
