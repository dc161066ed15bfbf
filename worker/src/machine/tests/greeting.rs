//! The way into a session.

use super::bench::{Bench, SESSION};
use crate::machine::{Action, Ending};
use powerhose_protocol::*;

fn reject(kind: Kind, retry_after_ms: Option<u64>) -> Reject<'static> {
    Reject { kind: kind as u64, reference: None, code: "workers_max", text: "full", retry_after_ms }
}

#[test]
fn hello_comes_first_and_again_every_second_until_it_is_answered() {
    let mut bench = Bench::new();
    bench.pass(0);
    let hellos = bench.read(|message, _| match message {
        Message::Hello(hello) => (hello.role.to_owned(), hello.software.to_owned()),
        other => panic!("{other:?}"),
    });
    assert_eq!(hellos, [("worker".to_owned(), "test/1".to_owned())]);
    bench.pass(999);
    assert_eq!(bench.kinds(), []);
    bench.pass(1);
    assert_eq!(bench.kinds(), [Kind::Hello]);
    bench.welcome(SESSION);
    bench.kinds();
    bench.pass(900);
    assert_eq!(bench.kinds(), []);
}

#[test]
fn welcome_is_answered_by_all_that_the_worker_offers() {
    let mut bench = Bench::welcomed();
    let expected = Register {
        session: SESSION,
        pools: vec![PoolOffer { pool: "sign", credit_max: 4 }, PoolOffer { pool: "hash", credit_max: 4 }],
        pid: 42,
        host: "host",
        instance: "instance",
        attentive: true,
        labels: NamedValues(vec![("rack", "b")]),
    };
    let matches = bench.read(|message, _| *message == Message::Register(expected.clone()));
    assert_eq!(matches, [false, true]);
}

#[test]
fn without_a_connection_hello_is_tried_ten_times_a_second() {
    let mut bench = Bench::new();
    bench.connected = false;
    bench.pass(1000);
    assert!(bench.machine.awaits_connection());
    bench.connected = true;
    bench.pass(100);
    assert_eq!(bench.kinds(), [Kind::Hello]);
}

#[test]
fn a_connection_that_comes_makes_hello_due_at_once() {
    let mut bench = Bench::new();
    bench.connected = false;
    bench.pass(0);
    bench.connected = true;
    bench.machine.handle_connected(bench.now);
    bench.pass(0);
    assert_eq!(bench.kinds(), [Kind::Hello]);
    assert!(!bench.machine.awaits_connection());
}

#[test]
fn a_second_welcome_replaces_the_session_with_all_that_belonged_to_it() {
    let mut bench = Bench::registered();
    bench.give(&[1, 2], 1000);
    assert_eq!(bench.next_call(), Some(1));
    bench.welcome(SESSION + 1);
    assert_eq!((bench.kinds(), &bench.others[..]), (vec![Kind::Register], &[Action::CancelRunning][..]));
    bench.finish(b"of the session before");
    assert_eq!((bench.kinds(), bench.next_call()), (vec![], None));
    bench.registered_in(SESSION + 1);
    bench.give_in(SESSION + 1, bench.clock_ms(), &[3], 1000);
    assert_eq!(bench.next_call(), Some(3));
}

#[test]
fn a_second_welcome_before_registered_is_answered_too() {
    let mut bench = Bench::welcomed();
    bench.kinds();
    bench.welcome(SESSION + 1);
    assert_eq!(bench.kinds(), [Kind::Register]);
}

#[test]
fn a_refusal_that_names_a_time_is_taken_at_its_word() {
    let mut bench = Bench::new();
    bench.pass(0);
    bench.hear(reject(Kind::Hello, Some(2500)));
    bench.kinds();
    bench.pass(2499);
    assert_eq!(bench.kinds(), []);
    bench.pass(1);
    assert_eq!(bench.kinds(), [Kind::Hello]);
    bench.welcome(SESSION);
    bench.hear(reject(Kind::Register, Some(700)));
    bench.kinds();
    bench.pass(699);
    assert_eq!(bench.kinds(), []);
    bench.pass(1);
    assert_eq!(bench.kinds(), [Kind::Register]);
    bench.registered_in(SESSION);
    bench.give(&[1], 1000);
    assert_eq!(bench.next_call(), Some(1));
}

#[test]
fn a_wait_that_would_look_like_silence_is_shortened() {
    let mut bench = Bench::new();
    for _ in 0..10 {
        bench.pass(16_000);
        bench.hear(reject(Kind::Hello, Some(u64::MAX)));
    }
    assert_eq!(bench.ending(), None);
}

#[test]
fn a_refusal_without_a_time_ends_the_worker() {
    for kind in [Kind::Hello, Kind::Register] {
        let mut bench = if kind == Kind::Hello { Bench::new() } else { Bench::welcomed() };
        bench.pass(0);
        bench.hear(reject(kind, None));
        let refused = Ending::Refused { code: "workers_max".to_owned(), text: "full".to_owned() };
        assert_eq!(bench.ending(), Some(refused));
        assert_eq!(bench.machine.poll_timeout(), None);
    }
}

#[test]
fn a_refusal_of_something_else_ends_nothing() {
    let mut bench = Bench::registered();
    bench.hear(reject(Kind::Replies, None));
    bench.hear(reject(Kind::Register, None));
    assert_eq!((bench.ending(), bench.kinds()), (None, vec![]));
}

#[test]
fn a_master_that_asks_for_a_key_is_none_for_a_worker_without() {
    let mut bench = Bench::new();
    bench.pass(0);
    bench.hear(Challenge { version: 1, epoch: 1, nonce: Bytes(&[0; 32]) });
    assert!(
        matches!(bench.ending(), Some(Ending::Refused { code, .. }) if code == "authentication"),
        "{:?}",
        bench.ending()
    );
}

#[test]
fn a_session_that_register_does_not_get_through_in_is_given_up() {
    let mut bench = Bench::welcomed();
    bench.kinds();
    for sequence in 1..=4 {
        bench.pass(1000);
        bench.hear_heartbeat(sequence);
    }
    assert_eq!(bench.kinds(), [Kind::Heartbeat; 4]);
    bench.pass(1000);
    assert_eq!(bench.kinds().last(), Some(&Kind::Hello));
}

#[test]
fn a_master_that_knows_no_session_of_its_own_is_greeted_ten_times_a_second_at_most() {
    let mut bench = Bench::new();
    let mut hellos = 0;
    for _ in 0..100 {
        bench.pass(10);
        let sent = bench.kinds();
        hellos += sent.iter().filter(|kind| **kind == Kind::Hello).count();
        if !sent.is_empty() {
            bench.welcome(SESSION);
            bench.hear(Unknown { epoch: 1 });
        }
    }
    assert!((9..=11).contains(&hellos), "{hellos} in a second, its ends included");
}
