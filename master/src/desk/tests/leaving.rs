//! A worker leaves: QUIET, QUIETED, what runs is finished, BYE. No job is lost.

use super::harness::*;
use crate::common::{GoneCause, Notice, PoolSettings, WorkerState};
use powerhose_protocol::*;

fn with_credit(credit: u32) -> Bench {
    Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(credit))])
}

#[test]
fn a_worker_that_says_quiet_is_answered_and_gets_no_more_jobs() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.say_quiet(worker);
    assert_eq!(bench.heard(worker), [Sent::Quieted]);
    bench.submit("sign");
    bench.pass_with(&[worker], 4);
    assert_eq!(bench.heard(worker), []);
    assert_eq!(bench.desk.workers()[0].state, WorkerState::Quiet);
}

#[test]
fn a_job_that_came_with_the_quiet_is_not_dispatched_after_the_quieted() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit("sign");
    bench.say_quiet(worker);
    assert_eq!(bench.heard(worker), [Sent::Quieted]);
}

#[test]
fn what_a_leaving_worker_has_not_begun_is_recalled() {
    let mut bench = with_credit(3);
    let worker = bench.worker("sign");
    for _ in 0..3 {
        bench.submit("sign");
    }
    let given = bench.jobs(worker);
    bench.say_quiet(worker);
    let behind = vec![(given[2].job, 1), (given[1].job, 1)];
    assert_eq!(bench.heard(worker), [Sent::Quieted, Sent::Recall(behind)]);
}

#[test]
fn a_worker_that_finishes_and_says_goodbye_loses_nothing() {
    let mut bench = with_credit(2);
    let leaving = bench.worker("sign");
    let calls = [bench.submit("sign"), bench.submit("sign")];
    let given = bench.jobs(leaving);
    bench.say_quiet(leaving);
    bench.give_back(leaving, &given[1], WorkerEnd::Returned);
    let staying = bench.worker("sign");
    bench.done(leaving, &given[0]);
    bench.notices();
    bench.say_bye(leaving);
    let (worker, cause) = (leaving.number, GoneCause::Goodbye);
    assert_eq!(bench.notices(), [Notice::WorkerGone { worker, pid: 0, cause, job: None, answered: 1 }]);
    assert!(bench.is_done(calls[0]));
    let moved = bench.job(staying);
    bench.done(staying, &moved);
    assert_eq!(bench.outcome(calls[1]).attempts, 1);
}

#[test]
fn a_goodbye_with_unanswered_jobs_charges_nobody() {
    let mut bench = with_credit(2);
    let leaving = bench.worker("sign");
    let attempts_max = Some(1);
    for _ in 0..2 {
        bench.submit_job(crate::common::Submission { attempts_max, ..job("sign") });
    }
    let given = bench.jobs(leaving);
    bench.say_bye(leaving);
    let worker = bench.worker("sign");
    let again = bench.jobs(worker);
    assert_eq!(again.len(), 2, "and neither goes alone");
    assert_eq!(again.iter().map(|given| given.job).collect::<Vec<_>>(), [given[0].job, given[1].job]);
    assert_eq!(bench.desk.stats().returned, 2);
}

#[test]
fn after_a_goodbye_the_session_is_over() {
    let mut bench = Bench::new();
    let (worker, client) = (bench.worker("sign"), bench.client());
    for peer in [worker, client] {
        bench.say_bye(peer);
        assert_eq!(bench.heard(peer), []);
        bench.beat(peer);
        assert_eq!(bench.heard(peer), [Sent::Unknown { epoch: bench.desk.epoch() }]);
    }
}

#[test]
fn the_silence_of_a_quiet_worker_counts_as_of_any_other() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.say_quiet(worker);
    bench.pass(7000);
    assert_eq!(bench.desk.workers(), []);
}

#[test]
fn a_quiet_worker_that_registers_anew_stays_quiet() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.say_quiet(worker);
    bench.register(worker, &offers(&["sign", "hash"]));
    bench.heard(worker);
    bench.submit("hash");
    assert_eq!(bench.calls(worker), [], "no JOBS follow until RESUME");
}
