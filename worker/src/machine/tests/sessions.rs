//! How a session lives and ends.

use super::bench::{Bench, SESSION};
use crate::machine::{Action, Ending};
use powerhose_protocol::*;
use std::time::Duration;

#[test]
fn heartbeats_go_out_at_the_masters_interval_and_acknowledge_its_own() {
    let mut bench = Bench::registered();
    bench.hear_heartbeat(5);
    bench.pass(2000);
    let heartbeats = bench.read(|message, _| match message {
        Message::Heartbeat(beat) => (beat.session, beat.sequence, beat.acknowledged, beat.sent_ms),
        other => panic!("{other:?}"),
    });
    assert_eq!(heartbeats, [(SESSION, 1, 5, 1000), (SESSION, 2, 5, 2000)]);
}

#[test]
fn a_master_never_heard_of_ends_the_worker_after_its_patience() {
    let mut bench = Bench::new();
    bench.pass(29_999);
    assert_eq!(bench.ending(), None);
    bench.pass(1);
    assert_eq!(bench.ending(), Some(Ending::Unreachable));
    assert_eq!(bench.machine.poll_timeout(), None);
}

#[test]
fn a_master_that_falls_silent_ends_the_worker_once_its_handler_has_ended() {
    let mut bench = Bench::registered();
    bench.give(&[1], 60_000);
    bench.next();
    bench.pass(20_000);
    bench.hear_heartbeat(1);
    bench.pass(29_999);
    assert!(bench.machine.has_session());
    bench.pass(1);
    assert!(!bench.machine.has_session());
    assert_eq!(bench.others, [Action::CancelRunning]);
    assert_eq!(bench.ending(), None);
    bench.kinds();
    bench.finish(b"late");
    assert_eq!((bench.ending(), bench.kinds()), (Some(Ending::Unreachable), vec![]));
}

#[test]
fn a_foreign_session_is_no_sign_of_life() {
    let mut bench = Bench::registered();
    for sequence in 1..=30 {
        bench.pass(1000);
        bench.hear(Heartbeat { session: SESSION + 1, sequence, acknowledged: 0, sent_ms: 0 });
    }
    assert_eq!(bench.ending(), Some(Ending::Unreachable));
}

#[test]
fn a_worker_that_stood_still_does_not_take_its_absence_for_the_masters() {
    let mut bench = Bench::registered();
    bench.now += Duration::from_secs(60);
    bench.machine.handle_timeout(bench.now);
    bench.act();
    assert_eq!((bench.ending(), bench.kinds()), (None, vec![Kind::Heartbeat]));
    bench.pass(29_999);
    assert_eq!(bench.ending(), None);
    bench.pass(1);
    assert_eq!(bench.ending(), Some(Ending::Unreachable));
}

#[test]
fn unknown_makes_the_worker_forget_everything_and_greet_again() {
    let mut bench = Bench::registered();
    bench.pass(500);
    bench.give(&[1, 2], 60_000);
    bench.next();
    bench.hear(Unknown { epoch: 2 });
    bench.pass(0);
    assert_eq!((bench.kinds(), &bench.others[..]), (vec![Kind::Hello], &[Action::CancelRunning][..]));
    bench.hear(Unknown { epoch: 2 });
    assert_eq!(bench.kinds(), [], "this one was about something sent before HELLO");
    bench.welcome(SESSION + 1);
    bench.registered_in(SESSION + 1);
    bench.give_in(SESSION + 1, bench.clock_ms(), &[3], 1000);
    bench.kinds();
    assert_eq!(bench.next_call(), None, "the handler still runs");
    bench.finish(b"of the old session");
    assert_eq!(bench.kinds(), []);
    assert_eq!(bench.next_call(), Some(3));
    bench.finish(b"new");
    assert_eq!(bench.ends(), [(3, WorkerEnd::Done)]);
}

#[test]
fn a_lost_connection_ends_the_session_with_all_that_was_to_be_sent() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2, 3], 1000);
    bench.next();
    bench.connected = false;
    bench.finish(b"one");
    assert!(!bench.machine.has_session());
    assert_eq!(bench.next_call(), None);
    bench.connected = true;
    bench.pass(100);
    assert_eq!(bench.kinds(), [Kind::Hello]);
}

#[test]
fn a_masters_farewell_ends_the_worker_well() {
    for code in ["stop", "drain"] {
        let mut bench = Bench::registered();
        bench.give(&[1], 1000);
        bench.next();
        bench.hear(Bye { session: SESSION, code, text: "enough" });
        assert_eq!(bench.ending(), None, "the handler runs");
        bench.finish(b"one");
        let stopped = Ending::Stopped { code: code.to_owned(), text: "enough".to_owned() };
        assert_eq!((bench.ending(), bench.kinds()), (Some(stopped), vec![]));
    }
}

#[test]
fn a_master_that_closes_is_greeted_until_patience_ends() {
    let mut bench = Bench::registered();
    bench.pass(500);
    bench.hear(Bye { session: SESSION, code: "closing", text: "" });
    bench.pass(0);
    assert_eq!(bench.kinds(), [Kind::Hello]);
    bench.pass(30_000);
    assert_eq!(bench.ending(), Some(Ending::Unreachable));
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let mut bench = Bench::registered();
    bench.give(&[1], 1000);
    for garbage in [&b""[..], b"\xc1", b"\x93\x0c\x07", &Hello::sample()] {
        bench.machine.handle(bench.now, garbage, &mut vec![b"payload".to_vec()]);
        bench.machine.handle(bench.now, garbage, &mut Vec::new());
    }
    bench.act();
    assert_eq!((bench.kinds(), bench.next_call()), (vec![], Some(1)));
}

/// A message that no master sends.
trait Sample {
    fn sample() -> Vec<u8>;
}

impl Sample for Hello<'_> {
    fn sample() -> Vec<u8> {
        let (magic, role) = (MAGIC, ROLE_WORKER);
        Message::from(Hello { magic, version_min: 1, version_max: 1, role, software: "", nonce: None })
            .encode()
    }
}
