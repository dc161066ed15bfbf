//! Headers go both ways as they are, whatever is in them, and are bounded.

use crate::support::{Failed, Job, Setup, in_a_client_program, in_every_setup, job};
use powerhose::{JobErrorKind, Rejection};

in_every_setup!(and_python:
    a_handler_sees_the_headers_as_the_caller_set_them,
    headers_over_the_bounds_are_rejected_by_name,
);

in_a_client_program!(
    a_handler_sees_the_headers_as_the_caller_set_them,
    headers_over_the_bounds_are_rejected_by_name,
    any_string_can_be_a_header_and_comes_back,
);

// The worker in Python sends none back.
in_every_setup!(mod both_ways:
    any_string_can_be_a_header_and_comes_back,
    a_header_set_twice_has_its_last_value,
);

/// The predecessor lost headers with a colon, and payloads with three.
const ODD_NAMES: [&str; 8] = ["", ":", ":::", "a:b", "x=y\n", "\0", "żółć 🐎", "Traceparent"];
const ODD_VALUES: [&[u8]; 8] =
    [b"", b":::", b"a:b", b"\n", b"\0", "żółć 🐎".as_bytes(), b"\xff\xfe", b"00-abc-01"];

fn a_handler_sees_the_headers_as_the_caller_set_them(setup: Setup) {
    let scene = setup.workers(1).start();
    let with_headers = job("headers", "")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .header("a:b", ":::")
        .header("bytes", b"\xff\x00");
    let reply = scene.caller.execute(with_headers).expect("a reply");
    let expected = [
        &b"a:b=:::\n"[..],
        b"bytes=\xff\x00\n",
        b"traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
    ];
    assert_eq!(reply, expected.concat());
}

fn any_string_can_be_a_header_and_comes_back(setup: Setup) {
    let scene = setup.workers(1).start();
    let odd = ODD_NAMES.into_iter().zip(ODD_VALUES);
    let with_headers =
        odd.clone().fold(job("headers-back", ":::"), |job, (name, value)| job.header(name, value));
    let reply = scene.caller.submit(with_headers).wait().expect("a reply");
    assert_eq!(&*reply, b":::");
    let headers = reply.headers().iter().map(|(name, value)| (&**name, &**value));
    assert_eq!(headers.collect::<Vec<_>>(), odd.collect::<Vec<_>>());
}

fn a_header_set_twice_has_its_last_value(setup: Setup) {
    let scene = setup.workers(1).start();
    let twice = job("headers-back", "").header("name", "first").header("other", "").header("name", "second");
    let reply = scene.runner.submit(twice).wait().expect("a reply");
    let headers: Vec<_> = reply.headers().iter().collect();
    assert_eq!(headers, [("name", &b"second"[..]), ("other", b"")]);
    assert_eq!(reply.headers().find("missing"), None);
}

fn headers_over_the_bounds_are_rejected_by_name(setup: Setup) {
    let scene = setup.workers(1).start();
    let many = |count| (0..count).fold(Job::new(""), |job, number| job.header(format!("name-{number}"), ""));
    let long_name = |bytes| Job::new("").header("x".repeat(bytes), "");
    let long = |bytes: usize| Job::new("").header("name", vec![b'x'; bytes - 4]);
    for allowed in [many(64), long_name(255), long(16 << 10)] {
        assert_eq!(scene.caller.execute(allowed), Ok(Vec::new()));
    }
    let refused = |job| reason(scene.caller.execute(job).expect_err("over a bound"));
    assert!(refused(many(65)).contains("at most 64 headers"));
    assert!(refused(long_name(256)).contains("at most 255 bytes"));
    assert!(refused(long((16 << 10) + 1)).contains("at most 16,384 bytes"));
}

#[track_caller]
fn reason(error: Failed) -> String {
    assert!(!error.may_have_run() && !error.is_retryable());
    match error.kind() {
        JobErrorKind::Rejected(Rejection::BadHeaders { reason }) => reason.to_string(),
        other => panic!("{other:?} instead of a rejection for its headers"),
    }
}
