//! Where the first Powerhose broke: each of its faults, as it showed itself to its users.

use crate::support::{EMBEDDED, PATIENCE, RawWorker, Setup, done, in_every_setup, job};
use powerhose::{BindError, Job, JobRunner, Notice, PoolSettings, WorkerState};
use std::time::Duration;

in_every_setup!(and_python:
    a_worker_that_overran_is_no_black_hole,
    a_job_does_not_wait_behind_a_busy_worker,
    the_check_for_slow_workers_fires,
    colons_in_headers_and_payloads_are_bytes_like_any_other,
    a_client_is_as_good_as_new_after_a_timeout,
    a_job_can_be_sent_the_moment_a_worker_has_registered,
);

/// It never answered again, and stayed registered: one job after the other vanished in it.
fn a_worker_that_overran_is_no_black_hole(setup: Setup) {
    let scene = setup.workers(1).start();
    let gate = scene.gate();
    let overrun = gate.job().timeout(Duration::from_millis(300));
    assert!(scene.runner.execute(overrun).expect_err("it is held").is_timeout());
    // While it still runs, jobs wait for somebody who will run them.
    let waiting = scene.runner.submit("waiting");
    scene.wait_for_accepted(2);
    gate.open();
    assert_eq!(&*waiting.wait().expect("a reply"), b"waiting");
}

/// It chose at random, so one job in two did.
fn a_job_does_not_wait_behind_a_busy_worker(setup: Setup) {
    let scene = setup.workers(2).start();
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    for _ in 0..20 {
        assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
    }
    assert!(!held.has_ended());
    gate.open();
    assert!(held.wait().is_ok());
}

/// It subtracted the wrong way, so no worker was ever too slow.
fn the_check_for_slow_workers_fires(setup: Setup) {
    let pool = ("default".to_owned(), PoolSettings::new().run_time_soft(Duration::from_millis(10), 0));
    let scene = setup.workers(2).settings(|settings| settings.pools.push(pool)).start();
    let slow = scene.runner.submit(job("sleep", "20")).wait().expect("a reply").worker();
    let noticed = scene.notice(|notice| match notice {
        Notice::WorkerOverdue { worker, .. } => Some(worker),
        _ => None,
    });
    assert_eq!(noticed, slow);
    assert_ne!(scene.runner.submit("next").wait().expect("a reply").worker(), slow);
}

/// They were its separators.
fn colons_in_headers_and_payloads_are_bytes_like_any_other(setup: Setup) {
    let scene = setup.workers(1).start();
    for payload in [":::", "a:::b", "\n:::\n"] {
        assert_eq!(scene.runner.execute(payload), Ok(payload.as_bytes().to_vec()));
    }
    let job = job("headers", ":::").header("host:port", "a:b:::c").header("url", "http://x/");
    assert_eq!(scene.runner.execute(job), Ok(b"host:port=a:b:::c\nurl=http://x/\n".to_vec()));
}

/// Its REQ socket was dead after one.
fn a_client_is_as_good_as_new_after_a_timeout(setup: Setup) {
    let scene = setup.workers(1).start();
    for _ in 0..3 {
        let gate = scene.gate();
        let brief = scene.runner.submit(gate.job().timeout(Duration::from_millis(100)));
        assert!(brief.wait().expect_err("it is held").is_timeout());
        gate.open();
        assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
    }
}

/// The news of a worker could be there before there was a way to it.
fn a_job_can_be_sent_the_moment_a_worker_has_registered(setup: Setup) {
    let mut scene = setup.workers(0).settings(|settings| settings.unknown_pool_wait = PATIENCE).start();
    for _ in 0..3 {
        let handles: Vec<_> = (0..10).map(|_| scene.runner.submit("early")).collect();
        scene.add_worker(&[]);
        assert!(handles.into_iter().all(|handle| handle.wait().is_ok_and(|reply| reply.attempts() == 1)));
        scene.wait_for_state(WorkerState::Ready, 1);
        let pid = scene.infos()[0].pid;
        scene.signal(pid, rustix::process::Signal::TERM);
        assert_eq!(scene.worker(pid).ended().code(), Some(0));
    }
}

/// It took the path of the first away without a word, whose workers then waited for ever.
#[test]
fn a_second_master_does_not_steal_the_path() {
    let scene = EMBEDDED.workers(1).start();
    let error = JobRunner::bind(&scene.endpoint).expect_err("one listens there");
    assert!(matches!(error, BindError::AlreadyRunning { pid: Some(_), .. }), "{error:?}");
    assert_eq!(scene.client().execute("next"), Ok(b"next".to_vec()));
}

/// The identity of a worker was its process id, which collides across hosts and containers.
#[test]
fn two_workers_of_the_same_process_id_are_two_workers() {
    let scene = EMBEDDED.workers(0).start();
    // Both say that they are process 1 of the host `elsewhere`.
    let workers = ["a", "b"].map(|pool| RawWorker::register(&scene.endpoint, &[pool]));
    assert_eq!(scene.infos().len(), 2);
    let handles = ["a", "b"].map(|pool| scene.runner.submit(Job::new(pool).pool(pool)));
    for (worker, handle) in workers.iter().zip(handles) {
        let given = worker.next_job();
        worker.answer(&[done(given.job, 1)], &[&given.payload]);
        assert_eq!(handle.wait().expect("a reply").into_vec(), given.payload);
    }
}
