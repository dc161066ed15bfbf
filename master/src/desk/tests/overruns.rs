//! A pool's soft run time: a worker that is over it too often in a row rests, is tried, and comes back.

use super::harness::*;
use crate::common::{Notice, PoolSettings, WorkerState};
use powerhose_protocol::*;
use std::time::Duration;

const SOFT: Duration = Duration::from_millis(300);
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_millis(301);

/// A pool in which a worker may run too long twice in a row.
fn bench() -> Bench {
    let settings = PoolSettings::new().run_time_soft(SOFT, 2);
    Bench::with(|all| all.pools = vec![("sign".into(), settings)])
}

/// One job for this worker, which must get it.
fn run(bench: &mut Bench, worker: Peer, run: Duration) -> JobId {
    bench.submit("sign");
    let given = bench.job(worker);
    bench.done_in(worker, &given, run);
    assert!(bench.is_done(given.job.call()), "a long run is a reply as any other");
    given.job
}

/// A pool of two, of which the first has just been taken out; its last job.
fn with_one_resting(bench: &mut Bench) -> ([Peer; 2], JobId) {
    let resting = bench.worker("sign");
    run(bench, resting, LONG);
    run(bench, resting, LONG);
    let other = bench.worker("sign");
    bench.notices();
    let last = run(bench, resting, LONG);
    ([resting, other], last)
}

#[test]
fn more_long_runs_in_a_row_than_may_be_take_a_worker_out() {
    let mut bench = bench();
    let ([resting, other], last) = with_one_resting(&mut bench);
    assert_eq!(bench.notices(), [Notice::WorkerOverdue { worker: resting.number, job: last }]);
    assert_eq!(bench.desk.workers()[0].state, WorkerState::Overdue);
    let calls = [bench.submit("sign"), bench.submit("sign")];
    assert_eq!(bench.calls(resting), []);
    assert_eq!(bench.calls(other), calls[..1]);
}

#[test]
fn a_run_in_time_begins_the_count_anew() {
    let mut bench = bench();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    bench.say_quiet(workers[1]);
    for _ in 0..5 {
        run(&mut bench, workers[0], LONG);
        run(&mut bench, workers[0], LONG);
        run(&mut bench, workers[0], SHORT);
    }
    assert_eq!(bench.desk.workers()[0].state, WorkerState::Ready);
}

#[test]
fn a_resting_worker_is_tried_with_one_job_after_ten_times_the_soft_run_time() {
    let mut bench = bench();
    let ([resting, other], _) = with_one_resting(&mut bench);
    bench.submit_for("sign", 60_000);
    let busy = bench.job(other);
    let waiting = [bench.submit_for("sign", 60_000), bench.submit_for("sign", 60_000)];
    bench.pass(2999);
    assert_eq!(bench.calls(resting), []);
    bench.pass(1);
    let trial = bench.job(resting);
    assert_eq!(trial.job.call(), waiting[0]);
    bench.notices();
    bench.done_in(resting, &trial, SHORT);
    assert_eq!(bench.calls(resting), waiting[1..]);
    assert_eq!(bench.notices(), [Notice::WorkerBack { worker: resting.number }]);
    bench.done_in(other, &busy, SHORT);
}

#[test]
fn a_trial_that_runs_too_long_is_followed_by_another_rest() {
    let mut bench = bench();
    let ([resting, other], _) = with_one_resting(&mut bench);
    bench.submit_for("sign", 60_000);
    bench.job(other);
    bench.submit_for("sign", 60_000);
    bench.pass(3000);
    let trial = bench.job(resting);
    bench.done_in(resting, &trial, LONG);
    let waiting = bench.submit_for("sign", 60_000);
    [resting, other].iter().for_each(|worker| bench.beat(*worker));
    bench.pass(2999);
    assert_eq!(bench.calls(resting), []);
    bench.pass(1);
    assert_eq!(bench.calls(resting), [waiting]);
}

#[test]
fn a_trial_that_is_given_back_is_followed_by_a_second_of_rest() {
    let mut bench = bench();
    let ([resting, other], _) = with_one_resting(&mut bench);
    bench.submit_for("sign", 60_000);
    bench.job(other);
    bench.submit_for("sign", 60_000);
    bench.pass(3000);
    let trial = bench.job(resting);
    bench.give_back(resting, &trial, WorkerEnd::Returned);
    bench.pass(999);
    assert_eq!(bench.calls(resting), []);
    bench.pass(1);
    assert_eq!(bench.job(resting).attempt, 2);
}

#[test]
fn a_worker_that_nobody_can_stand_in_for_does_not_rest() {
    let mut bench = bench();
    let worker = bench.worker("sign");
    for _ in 0..10 {
        run(&mut bench, worker, LONG);
    }
}

#[test]
fn a_rest_ends_when_nobody_else_is_left() {
    type Leave = fn(&mut Bench, Peer);
    let leaves: [Leave; 4] = [
        |bench, other| bench.die(other),
        |bench, other| bench.say_bye(other),
        |bench, other| bench.say_quiet(other),
        |bench, other| bench.register(other, &offers(&["hash"])),
    ];
    for leave in leaves {
        let mut bench = bench();
        let ([resting, other], _) = with_one_resting(&mut bench);
        leave(&mut bench, other);
        let call = bench.submit("sign");
        assert_eq!(bench.calls(resting), [call], "better a slow worker than none");
    }
}

#[test]
fn a_pool_without_a_soft_run_time_never_takes_anybody_out() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.worker("hash");
    for _ in 0..20 {
        run(&mut bench, worker, Duration::from_secs(3600));
    }
}

#[test]
fn a_failure_counts_as_a_run() {
    let mut bench = bench();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    for _ in 0..6 {
        bench.submit("sign");
        bench.act();
        for worker in workers {
            for given in bench.jobs(worker) {
                let answer = Answer { end: WorkerEnd::Failed, run_us: 400_000, ..Answer::default() };
                bench.answer(worker, &given, answer);
            }
        }
    }
    let resting = |info: &crate::WorkerInfo| info.state == WorkerState::Overdue;
    assert!(bench.desk.workers().iter().any(resting));
}
