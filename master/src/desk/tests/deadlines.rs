//! When a caller's patience is over: it is freed, and the worker is overdue until it answers.

use super::harness::*;
use crate::common::{Clock, Ending, Notice, PoolSettings, Submission, WorkerState};
use powerhose_protocol::*;
use std::time::Duration;

fn with_credit(credit: u32) -> Bench {
    Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(credit))])
}

#[test]
fn a_waiting_job_times_out_at_its_deadline_and_has_not_run() {
    let mut bench = with_credit(1);
    let call = bench.submit_for("sign", 700);
    bench.pass(699);
    assert!(!bench.has_ended(call));
    bench.pass(1);
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, Ending::TimedOut);
    assert_eq!((outcome.may_have_run, outcome.attempts, outcome.worker), (false, 0, None));
    assert_eq!(outcome.wait, Duration::from_millis(700));
}

#[test]
fn a_job_whose_time_counts_from_its_dispatch_waits_as_long_as_it_has_to() {
    let mut bench = with_credit(1);
    let timeout = Some(Duration::from_millis(700));
    let call = bench.submit_job(Submission { timeout, clock: Clock::FromDispatch, ..job("sign") });
    bench.pass(1000);
    let first = bench.worker("sign");
    let given = bench.job(first);
    bench.pass(600);
    bench.give_back(first, &given, WorkerEnd::Returned);
    bench.pass(900);
    let second = bench.worker("sign");
    let again = bench.job(second);
    bench.pass(699);
    assert!(!bench.has_ended(call), "it counts anew");
    assert_eq!(again.job, given.job);
    bench.pass(1);
    let outcome = bench.outcome(call);
    assert_eq!((outcome.ending, outcome.may_have_run), (Ending::TimedOut, true));
}

#[test]
fn a_client_says_from_when_the_time_of_a_call_counts() {
    let mut bench = with_credit(1);
    let client = bench.client();
    let timeout = Some(Duration::from_millis(700));
    let call = |clock| Submission { timeout, clock, ..job("sign") };
    bench.execute_all(client, &[(1, call(Clock::FromSubmission)), (2, call(Clock::FromDispatch))]);
    bench.pass(900);
    assert_eq!(bench.outcomes(client).len(), 1);
    let worker = bench.worker("sign");
    assert_eq!(bench.calls(worker), [2]);
}

#[test]
fn a_job_at_a_worker_times_out_and_the_worker_is_told() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit_for("sign", 700);
    let given = bench.job(worker);
    bench.pass(700);
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, Ending::TimedOut);
    assert_eq!((outcome.may_have_run, outcome.attempts, outcome.worker), (true, 1, Some(worker.number)));
    assert_eq!(bench.heard(worker), [Sent::Cancel(vec![(given.job, 1)])]);
}

#[test]
fn an_overdue_worker_gets_nothing_until_it_answers() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit_for("sign", 10);
    let given = bench.job(worker);
    bench.notices();
    bench.pass(10);
    let waiting = bench.submit("sign");
    assert_eq!(bench.calls(worker), []);
    assert_eq!(bench.desk.workers()[0].state, WorkerState::Overdue);
    let overdue = Notice::WorkerOverdue { worker: worker.number, job: given.job };
    assert_eq!(bench.notices(), [overdue]);
    bench.done(worker, &given);
    assert_eq!(bench.calls(worker), [waiting]);
    assert_eq!(bench.notices(), [Notice::WorkerBack { worker: worker.number }]);
    assert_eq!(bench.desk.workers()[0].state, WorkerState::Busy);
}

#[test]
fn any_answer_ends_the_state_of_being_overdue() {
    for end in
        [WorkerEnd::Done, WorkerEnd::Failed, WorkerEnd::Cancelled, WorkerEnd::Expired, WorkerEnd::Returned]
    {
        let mut bench = Bench::new();
        let worker = bench.worker("sign");
        bench.submit_for("sign", 10);
        let given = bench.job(worker);
        bench.pass(10);
        bench.give_back(worker, &given, end);
        bench.submit("sign");
        bench.job(worker);
    }
}

#[test]
fn a_caller_with_no_patience_costs_healthy_workers_nothing_more_than_an_answer() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit_for("sign", 1);
    let given = bench.job(worker);
    bench.pass(1);
    bench.give_back(worker, &given, WorkerEnd::Cancelled);
    assert_eq!(bench.desk.workers()[0].state, WorkerState::Ready);
    let next = bench.submit("sign");
    let given = bench.job(worker);
    bench.done(worker, &given);
    assert!(bench.is_done(next));
}

#[test]
fn what_an_overdue_worker_has_not_begun_is_recalled_and_goes_to_others() {
    let mut bench = with_credit(3);
    let worker = bench.worker("sign");
    bench.submit_for("sign", 50);
    let calls = [bench.submit("sign"), bench.submit("sign")];
    let given = bench.jobs(worker);
    bench.pass(50);
    let recalled = vec![(given[2].job, 1), (given[1].job, 1)];
    assert_eq!(bench.heard(worker), [Sent::Cancel(vec![(given[0].job, 1)]), Sent::Recall(recalled)]);
    let other = bench.worker("sign");
    given[1..].iter().for_each(|given| bench.give_back(worker, given, WorkerEnd::Returned));
    let mut moved = bench.calls(other);
    moved.sort_unstable();
    assert_eq!(moved, calls);
}

#[test]
fn a_reply_that_came_in_before_the_expiry_wins() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit_for("sign", 100);
    let given = bench.job(worker);
    bench.stand_still(5000);
    bench.done(worker, &given);
    bench.pass(0);
    assert!(bench.is_done(call));
    assert_eq!(bench.heard(worker), []);
}

#[test]
fn a_job_whose_time_is_over_is_not_dispatched_to_a_worker_that_becomes_free_in_the_same_turn() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit("sign");
    let given = bench.job(worker);
    let call = bench.submit_for("sign", 100);
    bench.stand_still(100);
    bench.done(worker, &given);
    assert_eq!(bench.calls(worker), []);
    assert_eq!(bench.ending(call), Ending::TimedOut);
}

#[test]
fn a_worker_that_says_expired_at_the_deadline_ends_the_job() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit_for("sign", 100);
    let given = bench.job(worker);
    bench.pass(95);
    bench.give_back(worker, &given, WorkerEnd::Expired);
    assert_eq!(bench.ending(call), Ending::TimedOut);
}

#[test]
fn a_worker_whose_clock_is_wrong_does_not_end_a_job_before_its_time() {
    let mut bench = Bench::new();
    let workers = [bench.worker("sign"), bench.worker("sign")];
    let call = bench.submit_for("sign", 1000);
    let given = bench.job(workers[0]);
    bench.give_back(workers[0], &given, WorkerEnd::Expired);
    let again = bench.job(workers[1]);
    bench.done(workers[1], &again);
    let outcome = bench.outcome(call);
    assert!(matches!(outcome.ending, Ending::Done { .. }));
    assert_eq!(outcome.attempts, 1, "the other one came back unrun");
}

#[test]
fn a_client_is_told_of_its_timeout() {
    let mut bench = Bench::new();
    let (client, worker) = (bench.client(), bench.worker("sign"));
    let submission = crate::common::Submission { timeout: Some(Duration::from_millis(30)), ..job("sign") };
    bench.execute_all(client, &[(9, submission)]);
    bench.job(worker);
    bench.pass(30);
    let outcomes = bench.outcomes(client);
    assert_eq!((outcomes[0].call, outcomes[0].end, outcomes[0].may_have_run), (9, JobEnd::TimedOut, true));
    assert_eq!(outcomes[0].code, "");
}
