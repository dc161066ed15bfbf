//! Handlers that run too long: a worker that overran serves again, one that does so again and again rests, and one that
//! hangs is ended by its watchdog, which tells where it hung.

use crate::support::{
    EMBEDDED, Job, PATIENCE, PROGRAMS, Scene, Setup, eventually, in_every_setup, is_running, job,
    time_has_passed, until,
};
use powerhose::{Cluster, Notice, PoolSettings, Settings, WorkerState};
use std::time::Duration;

in_every_setup!(and_python:
    a_worker_that_overran_its_timeout_answers_and_serves_again,
    a_worker_that_is_too_slow_again_and_again_rests_and_comes_back,
    a_worker_that_is_slow_once_goes_on,
    the_only_worker_of_a_pool_goes_on_however_slow_it_is,
    a_run_beyond_its_deadline_ends_its_process_where_pool_or_job_ask_for_it,
);

fn a_worker_that_overran_its_timeout_answers_and_serves_again(setup: Setup) {
    let scene = setup.workers(1).start();
    for round in 1..=3 {
        let gate = scene.gate();
        let mut brief = scene.runner.submit(gate.job().timeout(Duration::from_millis(400)));
        gate.wait_begun(1);
        let result = brief.wait_timeout(PATIENCE).expect("the caller is freed");
        assert!(result.expect_err("it is held").is_timeout());
        scene.wait_for_state(WorkerState::Overdue, 1);
        gate.open();
        // The late reply makes it ready, and reaches nobody.
        scene.wait_for_state(WorkerState::Ready, 1);
        assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
        let stats = scene.master.stats().expect("the master is there");
        // On a loaded machine a caller frees itself before the master does.
        let given_up = stats.timed_out + stats.cancelled;
        assert_eq!((given_up, stats.replies_late, stats.done), (round, round, round));
    }
}

/// Workers whose runs should take at most 20 ms, which they may exceed once in a row.
fn with_soft_run_time(setup: Setup, workers: usize) -> Scene {
    let pool = PoolSettings::new().run_time_soft(Duration::from_millis(20), 1);
    setup.workers(workers).settings(|settings| settings.pools.push(("default".to_owned(), pool))).start()
}

fn slow_run(scene: &Scene) -> u64 {
    scene.runner.submit(job("sleep", "25")).wait().expect("a reply").worker()
}

fn is_overdue(scene: &Scene, worker: u64) -> bool {
    let infos = scene.infos();
    let state = infos.iter().find(|info| info.id == worker).map(|info| info.state);
    state == Some(WorkerState::Overdue)
}

fn a_worker_that_is_too_slow_again_and_again_rests_and_comes_back(setup: Setup) {
    let scene = with_soft_run_time(setup, 2);
    // In turns: the first of each is forgiven, the second takes it out.
    let slow = slow_run(&scene);
    let other = slow_run(&scene);
    assert!(!is_overdue(&scene, slow) && slow != other);
    assert_eq!(slow_run(&scene), slow);
    let noticed = scene.notice(|notice| match notice {
        Notice::WorkerOverdue { worker, .. } => Some(worker),
        _ => None,
    });
    assert_eq!(noticed, slow);
    assert!(is_overdue(&scene, slow));
    let quick = || scene.runner.submit("quick").wait().expect("a reply").worker();
    assert_eq!([quick(), quick(), quick()], [other; 3]);
    // Its rest is over sometime; then it gets one job on trial, and answers in time.
    until("the worker to be tried again", || quick() == slow || !is_overdue(&scene, slow));
    scene.notice(|notice| matches!(notice, Notice::WorkerBack { worker } if worker == slow).then_some(()));
    assert!(!is_overdue(&scene, slow));
}

fn a_worker_that_is_slow_once_goes_on(setup: Setup) {
    let scene = with_soft_run_time(setup, 2);
    for _ in 0..3 {
        // A long run and a short one in turns, at each of the two workers.
        let slow = [slow_run(&scene), slow_run(&scene)];
        let quick = [(); 2].map(|()| scene.runner.submit("quick").wait().expect("a reply").worker());
        assert_eq!(slow, quick);
    }
    scene.wait_for_state(WorkerState::Ready, 2);
    assert!(!scene.other_notices().iter().any(|notice| matches!(notice, Notice::WorkerOverdue { .. })));
}

fn the_only_worker_of_a_pool_goes_on_however_slow_it_is(setup: Setup) {
    let scene = with_soft_run_time(setup, 1);
    let workers: Vec<u64> = (0..5).map(|_| slow_run(&scene)).collect();
    assert!(workers.iter().all(|worker| *worker == workers[0]));
}

fn a_run_beyond_its_deadline_ends_its_process_where_pool_or_job_ask_for_it(setup: Setup) {
    for (of_pool, of_job) in [(true, false), (false, true)] {
        let pool = PoolSettings::new();
        let pool = if of_pool { pool.end_within(Duration::from_millis(100)) } else { pool };
        let scene = setup.workers(1).settings(|settings| settings.pools.push(("default".to_owned(), pool)));
        let mut scene = scene.start();
        let long = job("sleep", "30000").timeout(Duration::from_millis(400));
        let long = if of_job { long.end_within(Duration::from_millis(100)) } else { long };
        assert!(scene.runner.submit(long).wait().expect_err("it is too long").is_timeout());
        assert_ne!(scene.workers[0].ended().code(), Some(0), "pool {of_pool}, job {of_job}");
    }
}

#[test]
fn a_handler_that_hangs_ends_its_process_which_tells_where() {
    let scene = EMBEDDED.workers(1).settings(|settings| settings.overrun_grace = Duration::from_millis(100));
    let mut scene = scene.start();
    let handle = scene.runner.submit(job("hang", "").timeout(Duration::from_millis(200)));
    assert!(handle.wait().expect_err("it hangs").is_timeout());
    let worker = &mut scene.workers[0];
    assert_eq!(worker.ended().code(), Some(86));
    let log = worker.log();
    assert!(log.contains("the handler hangs, the process ends"), "{log}");
    // Other languages' names are told as their compilers write them.
    for function in ["hang", "run"] {
        // Python's interpreter: `File "x.py", line 7 in hang`.
        let in_python = format!(" in {function}");
        let is_told = |line: &str| {
            line.ends_with(&in_python)
                || line.split_once(" at ").is_some_and(|(name, _)| name.contains(function))
        };
        assert!(log.lines().any(is_told), "`{function}` is missing in: {log}");
    }
    // The log of a worker names the job, as the error of its caller does.
    assert!(log.contains("job=0.1"), "{log}");
    until("it to be gone", || scene.infos().is_empty());
}

#[test]
fn a_worker_whose_handler_hung_is_replaced_by_its_cluster() {
    let mut settings = Settings::default();
    settings.overrun_grace = Duration::from_millis(50);
    let builder = Cluster::builder(PROGRAMS.worker).workers(1).env("RUST_LOG", "off");
    let cluster = builder.master(|master| master.settings(settings)).start().expect("it starts");
    let (runner, before) = (cluster.runner(), cluster.pids());
    assert!(runner.execute(job("hang", "").timeout(Duration::from_millis(100))).is_err());
    let after = eventually("another to come", || {
        let pid = runner.workers().expect("the master is there").first()?.pid;
        (pid != before[0]).then_some(pid)
    });
    assert!(!is_running(before[0]));
    assert_eq!(cluster.pids(), [after]);
    assert_eq!(runner.execute("next"), Ok(b"next".to_vec()));
}

#[test]
fn a_run_that_nobody_waits_for_ends_its_process_where_pool_or_job_ask_for_it() {
    for (of_pool, of_job) in [(true, false), (false, true)] {
        let mut scene = EMBEDDED.workers(2);
        if of_pool {
            let pool = PoolSettings::new().end_within(Duration::from_millis(100));
            scene = scene.settings(|settings| settings.pools.push(("default".to_owned(), pool)));
        }
        let mut scene = scene.start();
        let hang = |timeout: Duration| {
            let job = job("hang", "").timeout(timeout);
            if of_job { job.end_within(Duration::ZERO) } else { job }
        };
        // One is dropped, the other times out.
        let dropped = scene.runner.submit(hang(PATIENCE));
        scene.wait_for_state(WorkerState::Busy, 1);
        let brief = scene.runner.submit(hang(Duration::from_millis(300)));
        scene.wait_for_state(WorkerState::Busy, 2);
        drop(dropped);
        assert!(brief.wait().expect_err("it hangs").is_timeout());
        for worker in &mut scene.workers {
            assert_eq!(worker.ended().code(), Some(86), "pool {of_pool}, job {of_job}");
        }
    }
}

#[test]
fn a_job_whose_deadline_passed_while_it_waited_at_a_worker_is_not_begun() {
    let pool = ("default".to_owned(), PoolSettings::new().credit(2));
    let scene = EMBEDDED.workers(1).settings(|settings| settings.pools.push(pool)).start();
    let (gate, never) = (scene.gate(), scene.gate());
    let held = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    let brief = scene.runner.submit(never.job().timeout(Duration::from_millis(50)));
    assert!(brief.wait().expect_err("the worker is held").is_timeout());
    gate.open();
    assert!(held.wait().is_ok());
    assert_eq!(scene.runner.execute(job("count", "")), Ok(b"2".to_vec()));
    assert!(never.begun().is_empty());
}

#[test]
fn the_remaining_time_is_what_the_caller_still_waits() {
    let scene = EMBEDDED.workers(1).start();
    let remaining = |job: Job| -> u64 {
        let reply = scene.runner.execute(job).expect("a reply");
        String::from_utf8_lossy(&reply).parse().expect("milliseconds")
    };
    let minute = remaining(job("remaining", "").timeout(Duration::from_secs(60)));
    assert!((30_000..=60_000).contains(&minute), "{minute}");
    // What a job waited at the master is taken off.
    let gate = scene.gate();
    let held = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    let waiting = scene.runner.submit(job("remaining", "").timeout(Duration::from_secs(60)));
    time_has_passed(Duration::from_millis(200));
    gate.open();
    let reply = waiting.wait().expect("a reply");
    let left: u64 = String::from_utf8_lossy(&reply).parse().expect("milliseconds");
    assert!(held.wait().is_ok() && left <= 59_800, "{left}");
    assert!(reply.wait_time() >= Duration::from_millis(190), "{reply:?}");
}
