//! The way into a session.

use super::bench::*;
use crate::session::{Heard, Terms, Timer};
use crate::*;
use std::time::Duration;

#[test]
fn hello_comes_first_and_again_every_second_until_it_is_answered() {
    for role in ROLES {
        let mut bench = Bench::new(role);
        assert_eq!(bench.peer.poll_timeout(), Some((bench.now, Timer::Hello)));
        bench.pass(0);
        let hello = bench.frames().remove(0);
        let Ok(Message::Hello(said)) = decode(&hello, 0) else { panic!("no HELLO") };
        assert_eq!((said.role, said.software, said.nonce), (role.word(), "test/1", None));
        bench.pass(999);
        assert_eq!(bench.kinds(), []);
        bench.pass(1);
        assert_eq!(bench.frames(), [hello], "byte for byte");
        assert_eq!(bench.hear(welcome(SESSION, PEER)), Heard::Opened);
        bench.pass(999);
        assert_eq!(bench.kinds(), []);
    }
}

#[test]
fn without_a_connection_hello_is_tried_soon_and_then_ten_times_a_second() {
    let mut bench = Bench::new(ROLES[0]);
    bench.connected = false;
    let mut waits = Vec::new();
    for _ in 0..7 {
        waits.push(bench.due_in().expect("HELLO is due"));
        bench.pass(waits[waits.len() - 1]);
        assert!(bench.peer.awaits_connection());
        assert!(matches!(bench.peer.poll_timeout(), Some((_, Timer::Connection))));
    }
    assert_eq!(waits, [0, 10, 20, 40, 80, 100, 100]);
    bench.connected = true;
    bench.pass(100);
    assert_eq!(bench.kinds(), [Kind::Hello]);
    assert!(!bench.peer.awaits_connection());
}

#[test]
fn a_connection_that_comes_makes_hello_due_at_once() {
    let mut bench = Bench::new(ROLES[0]);
    bench.connected = false;
    bench.pass(0);
    bench.connected = true;
    bench.peer.connected(bench.now);
    bench.pass(0);
    assert_eq!(bench.kinds(), [Kind::Hello]);
}

#[test]
fn what_welcome_leaves_out_has_its_default() {
    let bench = Bench::live(ROLES[1]);
    let expected = Terms {
        session: SESSION,
        epoch: 1,
        peer: PEER,
        pid: 1,
        payload_bytes_max: 67_108_864,
        batch_jobs_max: 64,
        batch_bytes_max: 262_144,
        heartbeat: Duration::from_secs(1),
        silence: Duration::from_secs(5),
    };
    assert_eq!(bench.peer.terms(), Some(&expected));
}

#[test]
fn what_welcome_says_is_taken_within_bounds() {
    let said = |heartbeat_ms, batch_jobs_max| {
        let mut bench = Bench::greeting(ROLES[0]);
        let limits = vec![
            ("payload_bytes_max", 100),
            ("batch_jobs_max", batch_jobs_max),
            ("batch_bytes_max", 200),
            ("later_max", 1),
        ];
        let intervals = vec![("heartbeat_ms", heartbeat_ms), ("silence_ms", 2000), ("timeout_ms", 9)];
        let (limits, intervals) = (NamedValues(limits), NamedValues(intervals));
        assert_eq!(bench.hear(Welcome { limits, intervals, ..welcome(SESSION, PEER) }), Heard::Opened);
        bench.peer.terms().expect("a session is open").clone()
    };
    let terms = said(250, 3);
    assert_eq!((terms.payload_bytes_max, terms.batch_jobs_max, terms.batch_bytes_max), (100, 3, 200));
    assert_eq!(terms.silence, Duration::from_secs(2));
    let heartbeats = [0, 9, 10, 250, 60_000, 60_001, u64::MAX].map(|wanted| said(wanted, 1).heartbeat);
    assert_eq!(heartbeats.map(|heartbeat| heartbeat.as_millis()), [10, 10, 10, 250, 60_000, 60_000, 60_000]);
    assert_eq!([0, 1, 1024, u64::MAX].map(|wanted| said(10, wanted).batch_jobs_max), [1, 1, 1024, 1024]);
}

#[test]
fn a_version_that_was_not_offered_is_none() {
    let mut bench = Bench::greeting(ROLES[1]);
    let heard = bench.hear(Welcome { version: 2, ..welcome(SESSION, PEER) });
    assert!(matches!(heard, Heard::Refused { code, .. } if code == "version"));
    assert!(bench.is_over());
}

#[test]
fn what_a_peer_without_a_session_hears_of_one_has_no_effect() {
    for role in ROLES {
        let mut bench = Bench::greeting(role);
        let messages: [Message<'static>; 4] = [
            Unknown { epoch: 1 }.into(),
            heartbeat(SESSION, 1).into(),
            Bye { session: SESSION, code: "stop", text: "" }.into(),
            Quiet { session: SESSION }.into(),
        ];
        for message in messages {
            assert!(matches!(bench.hear(message), Heard::Dropped(_)));
        }
        assert_eq!((bench.session(), bench.due_in()), (None, Some(1000)));
    }
}
