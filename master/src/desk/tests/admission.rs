//! How a job comes in, and every reason to refuse one.

use super::harness::*;
use crate::common::{Ending, Rejection, Submission};
use bytes::Bytes;
use powerhose_protocol::*;
use std::time::Duration;

fn rejection(bench: &mut Bench, submission: Submission) -> Rejection {
    let call = bench.submit_job(submission);
    let outcome = bench.outcome(call);
    assert_eq!((outcome.may_have_run, outcome.attempts, outcome.worker), (false, 0, None));
    match outcome.ending {
        Ending::Rejected(rejection) => rejection,
        other => panic!("{other:?}"),
    }
}

fn bytes(count: usize) -> Bytes {
    Bytes::from(vec![7; count])
}

#[test]
fn a_job_goes_to_its_worker_as_it_came_and_its_reply_comes_back() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let mut submission = Submission { timeout: Some(Duration::from_millis(700)), ..job("sign") };
    submission.headers.set("traceparent", b"00-ab");
    let call = bench.submit_job(submission);
    let given = bench.job(worker);
    let expected = Given {
        job: JobId::new(0, call),
        attempt: 1,
        pool: "sign".into(),
        remaining_ms: 700,
        flags: 0,
        headers: vec![("traceparent".into(), b"00-ab".to_vec())],
        payload: Bytes::from_static(b"payload"),
    };
    assert_eq!(given, expected);
    bench.pass(3);
    bench.done_in(worker, &given, Duration::from_micros(2500));
    let outcome = bench.outcome(call);
    assert!(matches!(outcome.ending, Ending::Done { payload, .. } if payload == b"reply"[..]));
    assert_eq!((outcome.may_have_run, outcome.attempts, outcome.worker), (true, 1, Some(worker.number)));
    assert_eq!((outcome.wait, outcome.run), (Duration::ZERO, Duration::from_micros(2500)));
}

#[test]
fn a_job_without_a_timeout_has_the_masters() {
    let mut bench = Bench::with(|settings| settings.timeout = Duration::from_secs(9));
    let worker = bench.worker("sign");
    bench.submit("sign");
    assert_eq!(bench.job(worker).remaining_ms, 9000);
}

#[test]
fn the_time_that_a_job_waits_is_told_and_taken_off() {
    let mut bench = Bench::new();
    let call = bench.submit("sign");
    bench.pass(400);
    let worker = bench.worker("sign");
    let given = bench.job(worker);
    assert_eq!(given.remaining_ms, 4600);
    bench.pass(50);
    bench.done(worker, &given);
    assert_eq!(bench.outcome(call).wait, Duration::from_millis(400));
}

#[test]
fn a_name_that_no_pool_can_have_is_refused() {
    let mut bench = Bench::new();
    let long = "x".repeat(65);
    for name in ["", "a b", "ü", "a/b", &long] {
        assert_eq!(rejection(&mut bench, job(name)), Rejection::BadPool { pool: name.into() });
    }
}

#[test]
fn a_payload_over_the_bound_is_refused_with_both_sizes() {
    let mut bench = Bench::with(|settings| settings.payload_bytes_max = 100);
    let refused = rejection(&mut bench, Submission { payload: bytes(101), ..job("sign") });
    assert_eq!(refused, Rejection::PayloadTooLarge { bytes: 101, bytes_max: 100 });
    let call = bench.submit_job(Submission { payload: bytes(100), ..job("sign") });
    assert!(!bench.has_ended(call));
}

#[test]
fn headers_over_the_protocols_bounds_are_refused() {
    let mut bench = Bench::new();
    let with = |headers: &[(String, usize)]| {
        let mut submission = job("sign");
        headers.iter().for_each(|(name, bytes)| submission.headers.set(name, vec![0; *bytes]));
        submission
    };
    let many: Vec<_> = (0..65).map(|number| (number.to_string(), 1)).collect();
    for headers in [many.as_slice(), &[("n".repeat(256), 1)], &[("large".to_owned(), 16 << 10)]] {
        let refused = rejection(&mut bench, with(headers));
        assert!(matches!(&refused, Rejection::BadHeaders { reason } if !reason.is_empty()), "{refused:?}");
    }
    let call = bench.submit_job(with(&many[..64]));
    assert!(!bench.has_ended(call));
}

#[test]
fn a_timeout_of_nothing_or_of_more_than_a_year_is_refused() {
    let mut bench = Bench::new();
    let year = Duration::from_secs(365 * 24 * 3600);
    for timeout in [Duration::ZERO, year + Duration::from_millis(1), Duration::MAX] {
        let refused = rejection(&mut bench, Submission { timeout: Some(timeout), ..job("sign") });
        assert!(matches!(refused, Rejection::BadCall { .. }), "{timeout:?}: {refused:?}");
    }
    for timeout in [Duration::from_nanos(1), year] {
        let call = bench.submit_job(Submission { timeout: Some(timeout), ..job("sign") });
        assert!(!bench.has_ended(call), "{timeout:?}");
    }
}

#[test]
fn no_more_jobs_wait_than_may_and_those_at_workers_do_not_count() {
    let mut bench = Bench::with(|settings| settings.queue_jobs_max = 3);
    let worker = bench.worker("sign");
    bench.submit("sign");
    let given = bench.job(worker);
    for _ in 0..3 {
        bench.submit("sign");
    }
    assert_eq!(rejection(&mut bench, job("sign")), Rejection::QueueFull { jobs_max: 3 });
    bench.done(worker, &given);
    bench.act();
    let call = bench.submit("sign");
    assert!(!bench.has_ended(call));
}

#[test]
fn no_more_bytes_wait_than_may_payloads_and_headers_together() {
    let mut bench = Bench::with(|settings| settings.queue_bytes_max = 1000);
    let sized = |payload, header| {
        let mut submission = Submission { payload: bytes(payload), ..job("sign") };
        submission.headers.set("h", vec![0; header]);
        submission
    };
    let first = bench.submit_job(sized(400, 99));
    bench.submit_job(sized(400, 99));
    assert_eq!(rejection(&mut bench, sized(0, 0)), Rejection::QueueBytesFull { bytes_max: 1000 });
    bench.abandon(first);
    let call = bench.submit_job(sized(400, 99));
    assert!(!bench.has_ended(call));
}

#[test]
fn a_single_job_may_be_larger_than_all_that_may_wait_if_it_waits_alone() {
    let mut bench = Bench::with(|settings| settings.queue_bytes_max = 1000);
    let large = Submission { payload: bytes(5000), ..job("sign") };
    let call = bench.submit_job(large.clone());
    assert!(!bench.has_ended(call));
    assert_eq!(rejection(&mut bench, large), Rejection::QueueBytesFull { bytes_max: 1000 });
}

#[test]
fn jobs_that_come_back_from_a_dead_worker_are_taken_in_beyond_the_bound() {
    let mut bench = Bench::with(|settings| {
        settings.queue_jobs_max = 2;
        settings.pools = vec![("sign".into(), crate::PoolSettings::new().credit(3))];
    });
    let worker = bench.worker("sign");
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(bench.submit("sign"));
        bench.act();
    }
    assert_eq!(bench.jobs(worker).len(), 3);
    calls.extend([bench.submit("sign"), bench.submit("sign")]);
    bench.die(worker);
    assert_eq!(rejection(&mut bench, job("sign")), Rejection::QueueFull { jobs_max: 2 });
    assert!(calls.iter().all(|call| !bench.has_ended(*call)), "what was accepted is kept");
}

#[test]
fn a_job_for_one_more_pool_than_the_master_keeps_is_refused() {
    let mut bench = Bench::with(|settings| settings.pools_max = 2);
    let calls = [bench.submit("a"), bench.submit("b")];
    assert_eq!(rejection(&mut bench, job("c")), Rejection::PoolsMax { pools_max: 2 });
    bench.abandon(calls[0]);
    let call = bench.submit("c");
    assert!(!bench.has_ended(call), "a pool that nobody asks for any longer is forgotten");
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut bench = Bench::with(|settings| settings.payload_bytes_max = 10);
    rejection(&mut bench, Submission { payload: bytes(11), ..job("sign") });
    rejection(&mut bench, job("a b"));
    let stats = bench.desk.stats();
    assert_eq!((stats.accepted, stats.rejected), (0, 2));
    let client = bench.client();
    bench.say(client.route, Status { session: client.session, query: "pools" });
    let heard = bench.heard(client);
    let [Sent::State(state)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(state.field("pools"), Some(&Value::Array(Vec::new())));
}
