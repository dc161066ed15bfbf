//! Jobs from JOBS to REPLIES.

use super::bench::{Answer, Bench, SESSION, attempt};
use crate::machine::{Action, Outcome, Overrun};
use powerhose_protocol::*;
use std::time::Duration;

#[test]
fn jobs_run_one_at_a_time_in_the_order_they_came() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2], 1000);
    bench.give(&[3], 1000);
    let first = bench.next().expect("a job");
    assert_eq!((first.job, first.attempt, &*first.pool), (JobId::new(1, 1), 1, "sign"));
    assert_eq!((first.payload, first.deadline), (b"1".to_vec(), bench.now + Duration::from_secs(1)));
    assert_eq!(first.headers, [("name".to_owned(), b"value".to_vec())]);
    assert_eq!(bench.next_call(), None, "a handler runs");
    bench.finish(b"one");
    assert_eq!(bench.next_call(), Some(2));
    bench.finish(b"two");
    assert_eq!(bench.next_call(), Some(3));
    let done = |call: u64, payload: &[u8]| Answer {
        call,
        attempt: 1,
        end: WorkerEnd::Done,
        code: String::new(),
        payload: payload.to_vec(),
    };
    assert_eq!(bench.answers(), [done(1, b"one"), done(2, b"two")]);
}

#[test]
fn a_reply_tells_how_long_the_handler_ran_and_brings_its_headers() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.next();
    let headers = vec![("a".to_owned(), b"b".to_vec())];
    bench.finish_with(Outcome::Done { payload: Vec::new(), headers });
    let read = bench.read(|message, _| match message {
        Message::Replies(replies) => {
            (replies.replies[0].run_us, replies.replies[0].headers.find("a") == Some(Bytes(b"b")))
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(read, [(12, true)]);
}

#[test]
fn a_failure_goes_back_with_its_code() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.next();
    bench.finish_with(Outcome::Failed { code: "no_key".to_owned(), text: "there is none".to_owned() });
    let answers = bench.answers();
    assert_eq!((answers[0].end, &answers[0].code[..]), (WorkerEnd::Failed, "no_key"));
}

#[test]
fn a_reply_beyond_the_masters_bounds_fails_and_says_why() {
    let header = |bytes: usize| ("name".to_owned(), vec![0; bytes]);
    let many = (0..65).map(|number| (number.to_string(), Vec::new())).collect();
    for (payload, headers, code) in [
        (vec![0; 100], vec![], ""),
        (vec![0; 101], vec![], "reply_too_large"),
        (vec![], vec![header(limits::HEADERS_BYTES_MAX - 4)], ""),
        (vec![], vec![header(limits::HEADERS_BYTES_MAX - 3)], "reply_headers"),
        (vec![], vec![header(1), header(1)], "reply_headers"),
        (vec![], vec![("n".repeat(256), vec![])], "reply_headers"),
        (vec![], many, "reply_headers"),
    ] {
        let mut bench = Bench::registered();
        bench.give(&[1], 1000);
        bench.next();
        bench.finish_with(Outcome::Done { payload, headers });
        assert_eq!(bench.answers()[0].code, code);
    }
}

#[test]
fn a_failure_longer_than_the_wire_takes_is_cut() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.next();
    bench.finish_with(Outcome::Failed { code: "é".repeat(40), text: "é".repeat(20_000) });
    assert_eq!(bench.answers()[0].code, "é".repeat(32));
}

#[test]
fn jobs_of_a_foreign_session_never_begin() {
    let mut bench = Bench::registered();
    bench.give_in(SESSION - 1, 0, &[1], 1000);
    assert_eq!((bench.next_call(), bench.kinds()), (None, vec![]));
}

#[test]
fn a_job_whose_time_is_over_is_answered_instead_of_begun() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2], 100);
    bench.give(&[3], 200);
    bench.next();
    bench.pass(100);
    bench.finish(b"done, if late");
    assert_eq!(bench.next_call(), Some(3));
    assert_eq!(bench.ends(), [(1, WorkerEnd::Done), (2, WorkerEnd::Expired)]);
}

#[test]
fn time_in_buffers_is_taken_off_the_time_that_remains() {
    let mut bench = Bench::registered();
    bench.pass(3000);
    bench.give_in(SESSION, bench.clock_ms() - 400, &[1], 1000);
    let work = bench.next().expect("a job");
    assert_eq!(work.deadline, bench.now + Duration::from_millis(600));
}

#[test]
fn jobs_that_lay_in_buffers_longer_than_the_master_waits_end_the_session() {
    let mut bench = Bench::registered();
    bench.pass(6000);
    bench.kinds();
    bench.give_in(SESSION, bench.clock_ms() - 5000, &[1], 60_000);
    bench.give_in(SESSION, bench.clock_ms() - 5001, &[2], 60_000);
    assert_eq!(bench.next_call(), None);
    bench.pass(0);
    assert_eq!(bench.kinds(), [Kind::Hello]);
}

#[test]
fn a_cancelled_job_that_waits_is_answered_and_one_that_runs_is_told() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2, 3], 1000);
    bench.next();
    bench.hear(Cancel { session: SESSION, jobs: vec![attempt(1), attempt(3), attempt(9)] });
    bench.hear(Cancel { session: SESSION, jobs: vec![attempt(1), attempt(3)] });
    assert_eq!(bench.ends(), [(3, WorkerEnd::Cancelled)]);
    assert_eq!(bench.others, [Action::CancelRunning]);
    bench.finish(b"for nobody");
    let answers = bench.answers();
    assert_eq!((answers[0].call, answers[0].end, answers[0].payload.len()), (1, WorkerEnd::Cancelled, 0));
    assert_eq!(bench.next_call(), Some(2));
}

#[test]
fn another_attempt_of_the_running_job_is_another_job() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.next();
    bench.hear(Cancel { session: SESSION, jobs: vec![JobAttempt { attempt: 2, ..attempt(1) }] });
    assert_eq!(bench.others, []);
}

#[test]
fn a_recalled_job_goes_back_unless_it_has_begun() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2, 3], 1000);
    bench.next();
    bench.hear(Recall { session: SESSION, jobs: vec![attempt(1), attempt(2), attempt(9)] });
    assert_eq!(bench.ends(), [(2, WorkerEnd::Returned)]);
    bench.finish(b"one");
    assert_eq!(bench.next_call(), Some(3));
    assert_eq!(bench.ends(), [(1, WorkerEnd::Done)]);
}

#[test]
fn what_was_not_offered_goes_back() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2, 3, 4, 5, 6, 7, 8, 9], 1000);
    assert_eq!(bench.ends(), [(9, WorkerEnd::Returned)], "the credits are 4 and 4");
    let mut bench = Bench::registered();
    let (job, headers) = (JobId::new(1, 1), NamedValues::default());
    let jobs = vec![JobEntry { job, attempt: 1, pool: "other", remaining_ms: 1000, flags: 0, headers }];
    bench.hear_with(Jobs { session: SESSION, sent_ms: 0, jobs }, vec![Vec::new()]);
    assert_eq!(bench.ends(), [(1, WorkerEnd::Returned)]);
}

#[test]
fn a_quiet_master_changes_nothing_for_jobs_that_are_here() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    bench.hear(Quiet { session: SESSION });
    assert_eq!(bench.next_call(), Some(1));
    bench.hear(Resume { session: SESSION });
    bench.finish(b"one");
    bench.give(&[2], 1000);
    assert_eq!(bench.next_call(), Some(2));
}

#[test]
fn a_job_beyond_its_deadline_and_the_pools_grace_is_reported_once() {
    let mut bench = Bench::registered();
    bench.give(&[1], 500);
    bench.next();
    bench.pass(2499);
    assert_eq!(bench.others, []);
    bench.pass(10_000);
    let (job, pool, running_for) = (JobId::new(1, 1), "sign".into(), Duration::from_millis(2500));
    assert_eq!(
        bench.others,
        [Action::Overrun { job, attempt: 1, pool, running_for, overrun: Overrun::Hang }]
    );
}

#[test]
fn a_handler_gets_back_the_time_in_which_the_process_stood_still() {
    let mut bench = Bench::registered();
    bench.give(&[1], 500);
    bench.next();
    bench.now += Duration::from_secs(60);
    bench.machine.handle_timeout(bench.now);
    bench.act();
    assert_eq!(bench.others, []);
}

#[test]
fn a_cancelled_run_is_reported_after_the_grace_that_its_pool_asks_for() {
    let mut bench = Bench::welcomed();
    let settings = NamedValues(vec![("overrun_grace_ms", 300), ("cancel_grace_ms", 300)]);
    let pools = vec![PoolTerms { pool: "sign", settings }];
    bench.hear(Registered { session: SESSION, worker: 3, pools });
    bench.give(&[1], 5000);
    bench.next();
    bench.hear(Cancel { session: SESSION, jobs: vec![attempt(1)] });
    bench.pass(299);
    let is_unwanted = |action: &_| matches!(action, Action::Overrun { overrun: Overrun::Unwanted, .. });
    assert!(!bench.others.iter().any(is_unwanted));
    bench.pass(1);
    assert!(bench.others.iter().any(is_unwanted));
}
