//! How a job can end other than with a reply: each error says what happened, whether the job may have run, and whether it
//! helps to try again.

use crate::support::{
    Call, Failed, Job, Scene, Setup, failure, in_a_client_program, in_every_setup, job, until,
};
use powerhose::{JobError, JobErrorKind, JobRunner, PoolSettings, Rejection, WorkerState};
use std::time::{Duration, Instant};

in_every_setup!(and_python:
    a_failed_job_brings_the_handlers_code_and_text,
    a_panic_fails_its_job_with_its_message_and_the_worker_lives_on,
    a_job_that_no_worker_took_in_time_has_timed_out_unrun,
    a_job_that_ran_too_long_has_timed_out_and_may_have_run,
    a_full_queue_rejects_at_once_and_says_how_many_may_wait,
    too_many_waiting_bytes_are_rejected_at_once,
    what_could_not_begin_in_time_is_rejected_at_once_and_says_when_to_come_again,
    a_pool_without_workers_is_rejected_naming_those_there_are,
    a_name_that_no_pool_can_have_is_rejected,
    a_timeout_out_of_bounds_is_rejected,
    a_declared_pool_is_waited_for_until_the_deadline,
    the_reply_tells_how_it_came_to_be,
);

// A time of none is a mistake of the call in some languages, and no job then: `a_timeout_out_of_bounds_is_rejected` is Rust's.
in_a_client_program!(
    the_reply_tells_how_it_came_to_be,
    a_failed_job_brings_the_handlers_code_and_text,
    a_panic_fails_its_job_with_its_message_and_the_worker_lives_on,
    a_job_that_no_worker_took_in_time_has_timed_out_unrun,
    a_job_that_ran_too_long_has_timed_out_and_may_have_run,
    a_full_queue_rejects_at_once_and_says_how_many_may_wait,
    too_many_waiting_bytes_are_rejected_at_once,
    what_could_not_begin_in_time_is_rejected_at_once_and_says_when_to_come_again,
    a_pool_without_workers_is_rejected_naming_those_there_are,
    a_name_that_no_pool_can_have_is_rejected,
    a_declared_pool_is_waited_for_until_the_deadline,
);

/// What every error answers, in this order: timeout, overload, retryable, may have run.
#[track_caller]
fn assert_predicates(error: &Failed, expected: [bool; 4]) {
    let found = [error.is_timeout(), error.is_overload(), error.is_retryable(), error.may_have_run()];
    assert_eq!(found, expected, "timeout, overload, retryable, may have run: {error:?}");
}

#[track_caller]
fn rejection(error: &Failed) -> &Rejection {
    match error.kind() {
        JobErrorKind::Rejected(rejection) => rejection,
        other => panic!("{other:?} instead of a rejection"),
    }
}

fn a_failed_job_brings_the_handlers_code_and_text(setup: Setup) {
    let scene = setup.workers(1).start();
    let worker = scene.infos()[0].id;
    let error = scene.caller.execute(job("fail", "the żółć: is empty")).expect_err("it fails");
    assert_eq!(failure(error.kind()), ("asked_to", "the żółć: is empty"));
    assert_predicates(&error, [false, false, false, true]);
    assert_eq!((error.attempts(), error.worker()), (1, Some(worker)));
    assert!(error.to_string().ends_with("failed: asked_to: the żółć: is empty"), "{error}");
    assert_eq!(error.http_status(), 500);
    let unknown = scene.caller.execute(job("dance", "")).expect_err("no such command");
    assert_eq!(failure(unknown.kind()).0, "no_such_command");
}

fn a_panic_fails_its_job_with_its_message_and_the_worker_lives_on(setup: Setup) {
    let scene = setup.workers(1).start();
    for message in ["the first message", "the second message"] {
        let error = scene.caller.execute(job("panic", message)).expect_err("it panics");
        let (code, text) = failure(error.kind());
        assert_eq!(code, "panic");
        assert!(text.contains(message) && !text.contains('\n'), "without the backtrace: {text}");
        assert_predicates(&error, [false, false, false, true]);
    }
    assert_eq!(scene.caller.execute("next"), Ok(b"next".to_vec()));
    assert_eq!(scene.infos()[0].failed, 2);
}

/// Asserts that the time was over after so many attempts, the last of them at this worker.
#[track_caller]
fn assert_timed_out(scene: &Scene, handle: Call, attempts: u32, worker: Option<u64>) {
    // A caller that waits blocked would free itself where the master is late, and know less.
    until("the job to end", || handle.has_ended());
    let error = handle.wait().expect_err("the time was over");
    assert_eq!(*error.kind(), JobErrorKind::TimedOut);
    if scene.is_remote() && (error.attempts(), error.worker()) == (0, None) {
        // So does a client as a whole, and says that the job may have run, as it cannot know.
        return assert_predicates(&error, [true, false, true, error.may_have_run()]);
    }
    assert_predicates(&error, [true, false, true, attempts > 0]);
    assert_eq!((error.attempts(), error.worker()), (attempts, worker));
}

fn a_job_that_no_worker_took_in_time_has_timed_out_unrun(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let held = scene.caller.submit(gate.job());
    scene.wait_for_state(WorkerState::Busy, 1);
    let impatient = scene.caller.submit(Job::new("").timeout(Duration::from_millis(30)));
    assert_timed_out(&scene, impatient, 0, None);
    gate.open();
    assert_eq!(held.wait().expect("a reply").into_vec(), b"1");
}

fn a_job_that_ran_too_long_has_timed_out_and_may_have_run(setup: Setup) {
    let scene = setup.workers(1).start();
    let (gate, worker) = (scene.gate(), scene.infos()[0].id);
    // Long enough to be dispatched on a loaded machine, too.
    let impatient = scene.caller.submit(gate.job().timeout(Duration::from_millis(500)));
    assert_timed_out(&scene, impatient, 1, Some(worker));
    gate.open();
}

fn a_full_queue_rejects_at_once_and_says_how_many_may_wait(setup: Setup) {
    let scene = setup.workers(1).settings(|settings| settings.queue_jobs_max = 2).start();
    let gate = scene.gate();
    let held = scene.caller.submit(gate.job());
    scene.wait_for_state(WorkerState::Busy, 1);
    let waiting = [scene.caller.submit("one"), scene.caller.submit("two")];
    scene.wait_for_accepted(3);
    let error = scene.caller.execute("three").expect_err("the queue is full");
    assert_eq!((rejection(&error), error.http_status()), (&Rejection::QueueFull { jobs_max: 2 }, 503));
    assert_predicates(&error, [false, true, true, false]);
    gate.open();
    assert_eq!(held.wait().expect("a reply").into_vec(), b"1");
    assert_eq!(waiting.map(|handle| handle.wait().expect("a reply").into_vec()), [b"one", b"two"]);
}

fn too_many_waiting_bytes_are_rejected_at_once(setup: Setup) {
    let scene = setup.workers(1).settings(|settings| settings.queue_bytes_max = 1000).start();
    let gate = scene.gate();
    let held = scene.caller.submit(gate.job());
    scene.wait_for_state(WorkerState::Busy, 1);
    let waiting = scene.caller.submit(vec![1; 900]);
    scene.wait_for_accepted(2);
    let error = scene.caller.execute(vec![1; 101]).expect_err("that is too much");
    assert_eq!(*rejection(&error), Rejection::QueueBytesFull { bytes_max: 1000 });
    assert_predicates(&error, [false, true, true, false]);
    gate.open();
    assert!(held.wait().is_ok() && waiting.wait().is_ok());
}

fn what_could_not_begin_in_time_is_rejected_at_once_and_says_when_to_come_again(setup: Setup) {
    let scene = setup.workers(2).start();
    for _ in 0..8 {
        scene.caller.execute(job("sleep", "100")).expect("a reply");
    }
    let patience = Duration::from_secs(2);
    let begun = Instant::now();
    let calls = (0..300).map(|_| scene.caller.submit(job("sleep", "100").timeout(patience)));
    let ends: Vec<_> = calls.collect::<Vec<_>>().into_iter().rev().map(Call::wait).collect();
    // The last ones are waited for first: of 300 jobs two workers do 40 in this time.
    let errors: Vec<_> =
        ends.iter().filter_map(|end| end.as_ref().err()).filter(|error| error.is_overload()).collect();
    assert!(errors.len() > 200, "{} of 300 were refused in {:?}", errors.len(), begun.elapsed());
    assert!(errors.iter().all(|error| error.retry_after().is_some() && !error.may_have_run()));
    assert_predicates(errors[0], [false, true, true, false]);
    assert!(ends.iter().filter(|end| end.is_ok()).count() > 10, "those that were in time were done");
}

fn a_pool_without_workers_is_rejected_naming_those_there_are(setup: Setup) {
    let setup = setup.workers_of(&[&["sign"], &["thumbnail"]]);
    let scene = setup.settings(|settings| settings.unknown_pool_wait = Duration::from_millis(50)).start();
    let error = scene.caller.execute(Job::new("").pool("sing")).expect_err("nobody offers it");
    let Rejection::NoWorkers { pool, offered } = rejection(&error) else { panic!("{error:?}") };
    assert_eq!(&**pool, "sing");
    assert_eq!(sorted(offered), ["sign", "thumbnail"]);
    assert_predicates(&error, [false, true, true, false]);
    assert!(error.to_string().contains("no worker offers the pool `sing`; there are: "), "{error}");
    // The waiting was not for nothing: one that is offered gets its job done.
    assert_eq!(scene.caller.execute(Job::new("x").pool("sign")), Ok(b"x".to_vec()));
}

fn sorted(offered: &str) -> Vec<&str> {
    let mut names: Vec<_> = offered.split(", ").collect();
    names.sort_unstable();
    names
}

fn a_name_that_no_pool_can_have_is_rejected(setup: Setup) {
    let scene = setup.workers(1).start();
    for name in ["", "a b", "a:b", "żółć", &"x".repeat(65)] {
        let error = scene.caller.execute(Job::new("").pool(name)).expect_err(name);
        assert_eq!(*rejection(&error), Rejection::BadPool { pool: name.into() });
        assert_predicates(&error, [false, false, false, false]);
    }
}

fn a_timeout_out_of_bounds_is_rejected(setup: Setup) {
    let scene = setup.workers(1).start();
    for timeout in [Duration::ZERO, Duration::from_secs(366 * 24 * 3600), Duration::MAX] {
        let handle = scene.caller.submit(Job::new("").timeout(timeout));
        // A caller that waits blocked would free itself at once where the timeout is none.
        until("the job to end", || handle.has_ended());
        let error = handle.wait().expect_err("out of bounds");
        assert!(matches!(rejection(&error), Rejection::BadCall { .. }), "{timeout:?}: {error:?}");
        assert_predicates(&error, [false, false, false, false]);
    }
}

fn a_declared_pool_is_waited_for_until_the_deadline(setup: Setup) {
    let declared = ("later".to_owned(), PoolSettings::new());
    let setup = setup.workers(0).settings(|settings| {
        settings.unknown_pool_wait = Duration::from_millis(1);
        settings.pools.push(declared);
    });
    let mut scene = setup.start();
    let brief = Job::new("").pool("later").timeout(Duration::from_millis(100));
    assert!(scene.caller.execute(brief).expect_err("nobody came").is_timeout());
    let patient = scene.caller.submit(Job::new("").pool("later"));
    scene.wait_for_accepted(2);
    scene.add_worker(&["--pool", "later"]);
    assert!(patient.wait().is_ok());
}

fn the_reply_tells_how_it_came_to_be(setup: Setup) {
    let scene = setup.workers(1).start();
    let reply = scene.caller.submit(job("id", "")).wait().expect("a reply");
    assert_eq!(&*reply, reply.job().as_bytes());
    assert_eq!((reply.worker(), reply.attempts()), (scene.infos()[0].id, 1));
    let slept = scene.caller.submit(job("sleep", "20")).wait().expect("a reply");
    assert!(slept.run_time() >= Duration::from_millis(20));
}

#[test]
fn errors_go_from_thread_to_thread_and_are_cheap_to_clone() {
    fn assert_shape<T: Clone + Send + Sync + std::error::Error + 'static>() {}
    assert_shape::<JobError>();
    fn assert_handle<T: Clone + Send + Sync + 'static>() {}
    assert_handle::<JobRunner>();
    assert!(size_of::<JobError>() <= size_of::<usize>());
}
