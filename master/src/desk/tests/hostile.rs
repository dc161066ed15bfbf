//! Bytes that no honest peer sends: answered by a code, counted, and without effect on anybody else.

use super::harness::*;
use bytes::Bytes;
use powerhose_protocol::*;
use std::fmt::Write;

/// The refusal of these frames.
fn refused(bench: &mut Bench, peer: Peer, header: &[u8], payloads: usize) -> Refusal {
    bench.say_bytes(peer.route, header, vec![Bytes::new(); payloads]);
    bench.refusal(peer)
}

/// The header of a message that is right in itself.
fn header<'a>(message: impl Into<Message<'a>>) -> Vec<u8> {
    message.into().encode()
}

#[test]
fn bytes_that_are_no_message_are_refused_by_code() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    let beat = header(Heartbeat { session: worker.session, sequence: 1, acknowledged: 0, sent_ms: 0 });
    let trailing = [beat.as_slice(), &[0xc0]].concat();
    let huge = vec![0x92; limits::HEADER_FRAME_BYTES_MAX + 1];
    let cases: [(&[u8], u64, &str); 9] = [
        (b"", 0, "empty_header"),
        (&huge, 0, "header_too_large"),
        (b"\xc1", 0, "malformed"),
        (b"GET / HTTP/1.1\r\n", 0, "malformed"),
        (&[0x93; 1000], 0, "malformed"),
        (&[0xdd, 0xff, 0xff, 0xff, 0xff, 0x05], 0, "malformed"),
        (&beat[..beat.len() - 1], 0, "malformed"),
        (&trailing, 0, "trailing_bytes"),
        (&[0x91, 0x63], 99, "unknown_kind"),
    ];
    for (bytes, kind, code) in cases {
        let refusal = refused(&mut bench, worker, bytes, 0);
        assert_eq!(
            (refusal.kind, refusal.code.as_str()),
            (kind, code),
            "{:?}",
            &bytes[..bytes.len().min(20)]
        );
        assert_eq!((refusal.reference, refusal.retry_after_ms), (None, None));
    }
    assert_eq!(bench.desk.stats().messages_refused, 9);
}

#[test]
fn a_wrong_number_of_frames_refuses_the_message_whole() {
    let mut bench = Bench::new();
    let client = bench.client();
    let entry = |call| CallEntry {
        call,
        pool: "sign",
        timeout_ms: 1000,
        flags: 0,
        attempts_max: None,
        headers: MessageHeaders::default(),
    };
    let execute = header(Execute { session: client.session, calls: vec![entry(1), entry(2)] });
    for frames in [0, 1, 3, 2000] {
        let refusal = refused(&mut bench, client, &execute, frames);
        assert_eq!(refusal.of(Kind::Execute), "frame_count");
    }
    let beat = header(Heartbeat { session: client.session, sequence: 1, acknowledged: 0, sent_ms: 0 });
    assert_eq!(refused(&mut bench, client, &beat, 1).of(Kind::Heartbeat), "frame_count");
    assert_eq!(bench.desk.stats().accepted, 0);
}

#[test]
fn fields_over_their_bounds_are_refused() {
    let mut bench = Bench::new();
    let client = bench.client();
    let long = "q".repeat(256);
    let status = header(Status { session: client.session, query: &long });
    assert_eq!(refused(&mut bench, client, &status, 0).of(Kind::Status), "over_limit");
    let entry = CallEntry {
        call: 0,
        pool: "sign",
        timeout_ms: 1000,
        flags: 0,
        attempts_max: None,
        headers: MessageHeaders::default(),
    };
    let execute = header(Execute { session: client.session, calls: vec![entry] });
    assert_eq!(refused(&mut bench, client, &execute, 1).of(Kind::Execute), "bad_value");
}

#[test]
fn what_a_role_has_no_right_to_say_is_not_its_own() {
    let mut bench = Bench::new();
    let (client, worker, candidate) = (bench.client(), bench.worker("sign"), bench.welcomed(ROLE_WORKER));
    let quiet = |peer: Peer| header(Quiet { session: peer.session });
    let abandon = |peer: Peer| header(Abandon { session: peer.session, calls: vec![1] });
    let recall = |peer: Peer| {
        let jobs = vec![JobAttempt { job: JobId::new(0, 1), attempt: 1 }];
        header(Recall { session: peer.session, jobs })
    };
    let cases = [
        (client, Kind::Quiet, quiet(client)),
        (candidate, Kind::Quiet, quiet(candidate)),
        (worker, Kind::Abandon, abandon(worker)),
        (candidate, Kind::Abandon, abandon(candidate)),
        (worker, Kind::Recall, recall(worker)),
        (client, Kind::Recall, recall(client)),
        (worker, Kind::Quieted, header(Quieted { session: worker.session })),
        (worker, Kind::Resume, header(Resume { session: worker.session })),
        (worker, Kind::Unknown, header(Unknown { epoch: 1 })),
        (
            client,
            Kind::Reject,
            header(Reject { kind: 0, reference: None, code: "", text: "", retry_after_ms: None }),
        ),
    ];
    for (peer, kind, bytes) in cases {
        assert_eq!(refused(&mut bench, peer, &bytes, 0).of(kind), "not_yours");
    }
    bench.register(client, &offers(&["sign"]));
    assert_eq!(bench.refusal(client).of(Kind::Register), "not_yours");
    bench.execute(worker, 1, "sign");
    assert_eq!(bench.refusal(worker).of(Kind::Execute), "not_yours");
    bench.answer_as(client, JobId::new(0, 1), 1, Answer::default());
    assert_eq!(bench.refusal(client).of(Kind::Replies), "not_yours");
    assert_eq!(bench.desk.workers().len(), 1, "and none of it changed anything");
}

#[test]
fn a_worker_that_answers_a_clients_job_with_anothers_session_reaches_nobody() {
    let mut bench = Bench::new();
    let (liar, worker) = (bench.worker("hash"), bench.worker("sign"));
    let call = bench.submit("sign");
    let given = bench.job(worker);
    bench.answer_as(Peer { session: worker.session, ..liar }, given.job, 1, Answer::default());
    assert_eq!(bench.heard(liar), [Sent::Unknown { epoch: bench.desk.epoch() }]);
    assert!(!bench.has_ended(call));
}

#[test]
fn the_session_goes_on_after_a_refusal() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    refused(&mut bench, worker, b"garbage", 0);
    let call = bench.submit("sign");
    let given = bench.job(worker);
    refused(&mut bench, worker, b"garbage", 3);
    bench.done(worker, &given);
    assert!(bench.is_done(call));
}

#[test]
fn garbage_is_no_sign_of_life() {
    let mut bench = Bench::new();
    let worker = bench.worker("sign");
    for _ in 0..6 {
        refused(&mut bench, worker, b"garbage", 0);
        bench.pass(1000);
    }
    assert_eq!(bench.desk.workers(), []);
}

#[test]
fn a_refusal_never_repeats_what_was_sent() {
    let mut bench = Bench::new();
    let client = bench.client();
    let secret = "hunter2";
    let mut messages = Vec::new();
    let mut pool = String::new();
    write!(pool, "{secret} not a pool").expect("memory");
    messages.push(header(Status { session: client.session, query: secret }));
    messages.push(header(Control {
        session: client.session,
        id: 1,
        verb: secret,
        selector: secret,
        within_ms: 1,
    }));
    messages.push(header(Hello { role: secret, ..hello(ROLE_CLIENT) }));
    messages.push([&[0x92, 0x05, 0xa7], secret.as_bytes()].concat());
    messages.push(secret.as_bytes().to_vec());
    for bytes in messages {
        let refusal = refused(&mut bench, client, &bytes, 0);
        assert!(!refusal.text.contains(secret), "{}", refusal.text);
    }
}
