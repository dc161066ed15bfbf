//! Payloads and replies: any bytes, from none to the limit and not one more.

use crate::support::{REMOTE, Setup, failure, in_a_client_program, in_every_setup, job};
use powerhose::{JobErrorKind, Rejection};
use std::sync::Barrier;
use std::thread;

in_every_setup!(and_python:
    a_reply_is_the_bytes_that_the_handler_gave,
    payloads_of_every_size_come_back_whole,
    a_payload_at_the_limit_passes_and_one_byte_more_is_rejected,
    a_reply_over_the_limit_fails_its_job_and_nothing_else,
    many_threads_execute_at_once_and_each_gets_its_own_reply,
    thousands_of_jobs_in_flight_all_end_with_their_own_reply,
);

in_a_client_program!(
    a_reply_is_the_bytes_that_the_handler_gave,
    payloads_of_every_size_come_back_whole,
    a_payload_at_the_limit_passes_and_one_byte_more_is_rejected,
    a_reply_over_the_limit_fails_its_job_and_nothing_else,
    many_threads_execute_at_once_and_each_gets_its_own_reply,
    thousands_of_jobs_in_flight_all_end_with_their_own_reply,
);

fn a_reply_is_the_bytes_that_the_handler_gave(setup: Setup) {
    let scene = setup.workers(1).start();
    let every_byte: Vec<u8> = (0..=255).collect();
    assert_eq!(scene.caller.execute(&every_byte), Ok(every_byte));
    for payload in [&b":::"[..], b"\0", b"\n\r\n", "zażółć 🐎".as_bytes(), b"\x92\x07\xc0"] {
        assert_eq!(scene.caller.execute(payload), Ok(payload.to_vec()));
    }
    assert_eq!(scene.caller.execute(job("square", "-12")), Ok(b"144".to_vec()));
}

fn payloads_of_every_size_come_back_whole(setup: Setup) {
    let scene = setup.workers(1).start();
    for size in [0, 1, 2, 255, 256, 2047, 2048, 2049, 4096, 65_535, 65_536, 262_144, 262_145, 1 << 20] {
        let payload: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
        let reply = scene.caller.execute(payload.clone());
        assert!(reply == Ok(payload), "a payload of {size} bytes came back changed");
    }
}

fn a_payload_at_the_limit_passes_and_one_byte_more_is_rejected(setup: Setup) {
    let scene = setup.workers(1).settings(|settings| settings.payload_bytes_max = 10_000).start();
    let payload = vec![7; 10_000];
    assert_eq!(scene.caller.execute(&payload), Ok(payload));
    let error = scene.caller.execute(vec![7; 10_001]).expect_err("one byte too many");
    let rejection = Rejection::PayloadTooLarge { bytes: 10_001, bytes_max: 10_000 };
    assert_eq!(*error.kind(), JobErrorKind::Rejected(rejection));
    assert!(!error.may_have_run() && !error.is_retryable() && !error.is_overload());
    assert!(error.to_string().contains("10001 bytes, 10000 are allowed"), "{error}");
}

fn a_reply_over_the_limit_fails_its_job_and_nothing_else(setup: Setup) {
    let scene = setup.workers(1).settings(|settings| settings.payload_bytes_max = 10_000).start();
    let worker = scene.infos()[0].id;
    assert_eq!(scene.caller.execute(job("reply-size", "10000")).map(|reply| reply.len()), Ok(10_000));
    let error = scene.caller.execute(job("reply-size", "10001")).expect_err("one byte too many");
    assert_eq!(failure(error.kind()).0, "reply_too_large");
    assert!(error.may_have_run() && !error.is_retryable());
    assert_eq!(scene.caller.execute("next"), Ok(b"next".to_vec()));
    assert_eq!(scene.infos()[0].id, worker);
}

#[test]
fn the_default_limit_of_64_mib_passes_whole_and_one_byte_more_does_not() {
    let scene = REMOTE.workers(1).start();
    let mut payload = (0..=250).collect::<Vec<u8>>().repeat((64 << 20) / 251 + 1);
    payload.truncate(64 << 20);
    let reply = scene.runner.execute(payload.clone()).expect("it is at the limit");
    assert!(reply == payload, "it came back changed");
    let error = scene.runner.execute([&payload[..], b"x"].concat()).expect_err("one byte too many");
    let rejection = Rejection::PayloadTooLarge { bytes: (64 << 20) + 1, bytes_max: 64 << 20 };
    assert_eq!(*error.kind(), JobErrorKind::Rejected(rejection));
    let too_large = scene.runner.execute(job("reply-size", &((64 << 20) + 1).to_string()));
    assert_eq!(failure(too_large.expect_err("one byte too many").kind()).0, "reply_too_large");
    assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
}

fn many_threads_execute_at_once_and_each_gets_its_own_reply(setup: Setup) {
    let scene = setup.workers(2).start();
    let begin = Barrier::new(32);
    thread::scope(|scope| {
        for thread in 0..32_u64 {
            let (caller, begin) = (scene.caller.clone(), &begin);
            scope.spawn(move || {
                begin.wait();
                for number in (1..=25).map(|place| thread * 1000 + place) {
                    let reply = caller.execute(job("square", &number.to_string()));
                    assert_eq!(reply, Ok((number * number).to_string().into_bytes()));
                }
            });
        }
    });
}

fn thousands_of_jobs_in_flight_all_end_with_their_own_reply(setup: Setup) {
    let scene = setup.workers(2).start();
    let handles: Vec<_> = (0..5000_u32).map(|number| scene.caller.submit(number.to_be_bytes())).collect();
    for (number, handle) in (0..5000_u32).zip(handles) {
        assert_eq!(handle.wait().expect("a reply").into_vec(), number.to_be_bytes());
    }
    let stats = scene.master.stats().expect("the master is there");
    assert_eq!((stats.accepted, stats.done), (5000, 5000));
}
