//! Jobs that must not run twice: they are dispatched once, and every end tells whether they may have run.

use super::harness::*;
use crate::common::{Ending, LostCause};
use powerhose_protocol::*;

#[test]
fn a_once_job_is_lost_with_its_worker_and_may_have_run() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    let call = bench.submit_once("sign");
    bench.job(workers[0]);
    bench.die(workers[0]);
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, Ending::Lost(LostCause::Worker));
    assert_eq!((outcome.may_have_run, outcome.attempts), (true, 1));
    assert_eq!(bench.calls(workers[1]), []);
}

#[test]
fn a_once_job_that_comes_back_unrun_is_lost_and_has_not_run() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    let call = bench.submit_once("sign");
    let given = bench.job(workers[0]);
    bench.give_back(workers[0], &given, WorkerEnd::Returned);
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, Ending::Lost(LostCause::Worker));
    assert_eq!((outcome.may_have_run, outcome.attempts), (false, 0));
    assert_eq!(bench.calls(workers[1]), []);
}

#[test]
fn a_once_job_of_a_worker_that_says_goodbye_is_lost_and_has_not_run() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    let call = bench.submit_once("sign");
    bench.job(workers[0]);
    bench.say_bye(workers[0]);
    let outcome = bench.outcome(call);
    assert_eq!((outcome.ending, outcome.may_have_run), (Ending::Lost(LostCause::Worker), false));
    assert_eq!(bench.calls(workers[1]), []);
}

#[test]
fn a_once_job_is_never_recalled() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit_once("sign");
    let given = bench.job(worker);
    bench.worker("sign");
    bench.pass(500);
    bench.say_quiet(worker);
    assert_eq!(bench.heard(worker), [Sent::Quieted]);
    bench.done(worker, &given);
}

#[test]
fn a_once_job_times_out_as_others_do() {
    let mut bench = Bench::new();
    let waiting = bench.submit_once("sign");
    bench.pass(1);
    bench.worker("sign");
    bench.act();
    bench.pass(4999);
    let outcome = bench.outcome(waiting);
    assert_eq!((outcome.ending, outcome.may_have_run), (Ending::TimedOut, true));
}
