//! What a worker's answers do: each ends the attempt that it names, at that worker, in that session, or nothing.

use super::harness::*;
use crate::common::{Ending, PoolSettings};
use powerhose_protocol::*;
use std::time::Duration;

#[test]
fn a_failed_job_ends_with_its_workers_code_and_text() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.answer(worker, &given, Answer { end: WorkerEnd::Failed, code: "bad_key", ..Answer::default() });
    let outcome = bench.outcome(call);
    assert_eq!(outcome.ending, Ending::Failed { code: "bad_key".into(), text: "text".into() });
    assert_eq!((outcome.may_have_run, outcome.attempts, outcome.worker), (true, 1, Some(worker.number)));
    assert_eq!(outcome.run, Duration::from_millis(10));
    assert_eq!(bench.desk.stats().failed, 1);
}

#[test]
fn a_worker_that_failed_is_as_good_as_another() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    bench.submit("sign");
    let given = bench.job(worker);
    bench.answer(worker, &given, Answer { end: WorkerEnd::Failed, code: "bad_key", ..Answer::default() });
    let next = bench.submit("sign");
    assert_eq!(bench.calls(worker), [next]);
}

#[test]
fn the_headers_of_a_reply_come_with_it() {
    let mut bench = Bench::new();
    let (client, worker) = (bench.client(), bench.worker("sign"));
    bench.execute(client, 1, "sign");
    let given = bench.job(worker);
    let headers = NamedValues(vec![("alg", powerhose_protocol::Bytes(b"EdDSA"))]);
    let entry = ReplyEntry {
        job: given.job,
        attempt: 1,
        end: WorkerEnd::Done,
        run_us: 5,
        code: "",
        text: "",
        headers: headers.clone(),
    };
    let replies = Replies { session: worker.session, replies: vec![entry] };
    bench.say_with(worker.route, replies, vec![bytes::Bytes::from_static(b"signed")]);
    let outcomes = bench.outcomes(client);
    assert_eq!(outcomes[0].payload, b"signed"[..]);
    assert_eq!(outcomes[0].headers, [("alg".to_owned(), b"EdDSA".to_vec())]);
}

#[test]
fn an_answer_counts_once() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.done(worker, &given);
    bench.answer(worker, &given, Answer { payload: b"another", ..Answer::default() });
    assert!(bench.is_done(call));
    assert!(!bench.has_ended(call));
    assert_eq!(bench.desk.stats().replies_stray, 1);
}

#[test]
fn an_answer_to_an_attempt_that_the_worker_does_not_have_is_dropped() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let other = bench.worker("hash");
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.answer_as(worker, given.job, 2, Answer::default());
    bench.answer_as(worker, JobId::new(0, call + 1), 1, Answer::default());
    bench.answer_as(worker, JobId::new(77, call), 1, Answer::default());
    bench.answer_as(other, given.job, 1, Answer::default());
    assert!(!bench.has_ended(call));
    assert_eq!(bench.desk.stats().replies_stray, 4);
    bench.done(worker, &given);
    assert!(bench.is_done(call));
}

#[test]
fn the_answer_to_an_attempt_before_is_dropped_though_the_job_is_at_that_worker_again() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit("sign");
    let first = bench.job(worker);
    bench.give_back(worker, &first, WorkerEnd::Returned);
    bench.pass(1000);
    let second = bench.job(worker);
    assert_eq!((second.job, second.attempt), (first.job, 2));
    bench.done(worker, &first);
    assert!(!bench.has_ended(call));
    bench.done(worker, &second);
    assert!(bench.is_done(call));
}

#[test]
fn a_reply_after_the_deadline_is_late_and_reaches_nobody() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit_for("sign", 100);
    let given = bench.job(worker);
    bench.pass(100);
    assert_eq!(bench.ending(call), Ending::TimedOut);
    bench.done(worker, &given);
    assert!(!bench.has_ended(call));
    assert_eq!(bench.desk.stats().replies_late, 1);
}

#[test]
fn a_message_of_replies_ends_each_of_its_jobs() {
    let mut bench =
        Bench::with(|settings| settings.pools = vec![("sign".into(), PoolSettings::new().credit(3))]);
    let worker = bench.worker("sign");
    let calls: Vec<u64> = (0..3).map(|_| bench.submit("sign")).collect();
    let given = bench.jobs(worker);
    let ends = [WorkerEnd::Done, WorkerEnd::Failed, WorkerEnd::Done];
    let entries = given.iter().zip(ends).map(|(given, end)| ReplyEntry {
        job: given.job,
        attempt: given.attempt,
        end,
        run_us: 1,
        code: "",
        text: "",
        headers: MessageHeaders::default(),
    });
    let replies = Replies { session: worker.session, replies: entries.collect() };
    let payloads = [b"reply".as_slice(), b"", b"reply"].map(bytes::Bytes::from_static).into();
    bench.say_with(worker.route, replies, payloads);
    assert!(bench.is_done(calls[0]));
    assert!(matches!(bench.ending(calls[1]), Ending::Failed { .. }));
    assert!(bench.is_done(calls[2]));
}

#[test]
fn a_reply_over_the_bound_fails_the_job_which_has_run() {
    let mut bench = Bench::with(|settings| settings.payload_bytes_max = 10);
    let worker = bench.worker("sign");
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.answer(worker, &given, Answer { payload: b"eleven bytes", ..Answer::default() });
    let outcome = bench.outcome(call);
    assert!(matches!(&outcome.ending, Ending::Failed { code, .. } if &**code == "reply_too_large"));
    assert!(outcome.may_have_run);
}

#[test]
fn a_worker_that_says_cancelled_unasked_may_have_run_the_job() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let call = bench.submit_once("sign");
    let given = bench.job(worker);
    bench.give_back(worker, &given, WorkerEnd::Cancelled);
    assert!(bench.outcome(call).may_have_run, "it may have been stopped in its midst");
}
