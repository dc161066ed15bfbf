//! How a session ends, and what replaces it.

use super::bench::*;
use crate::session::{Heard, Timer};
use crate::*;

#[test]
fn a_session_that_is_over_is_followed_by_hello() {
    for role in ROLES {
        let ends: [fn(&mut Bench); 4] = [
            |bench| assert_eq!(bench.hear(Unknown { epoch: 2 }), Heard::Unknown),
            |bench| {
                let bye = Bye { session: SESSION, code: "closing", text: "" };
                assert_eq!(bench.hear(bye.clone()), Heard::Bye(bye));
            },
            |bench| bench.peer.disconnected(bench.now),
            |bench| bench.peer.begin_again(bench.now),
        ];
        for end in ends {
            let mut bench = Bench::live(role);
            bench.pass(500);
            end(&mut bench);
            assert_eq!(bench.session(), None);
            bench.pass(0);
            assert_eq!(bench.kinds(), [Kind::Hello]);
        }
    }
}

#[test]
fn no_two_hellos_are_nearer_than_a_tenth_of_a_second() {
    for role in ROLES {
        let mut bench = Bench::new(role);
        let mut hellos = 0;
        for session in 1..=100 {
            bench.pass(10);
            hellos += bench.kinds().iter().filter(|kind| **kind == Kind::Hello).count();
            if bench.hear(welcome(session, session)) == Heard::Opened {
                assert_eq!(bench.hear(Unknown { epoch: 1 }), Heard::Unknown);
            }
        }
        assert!((9..=11).contains(&hellos), "{hellos} in a second, its ends included");
    }
}

#[test]
fn a_second_welcome_replaces_the_session() {
    for role in ROLES {
        let mut bench = Bench::live(role);
        bench.hear(heartbeat(SESSION, 5)).must_be(Heard::Heartbeat);
        assert_eq!(bench.hear(welcome(8, PEER + 1)), Heard::Opened);
        assert_eq!(bench.session(), Some(8));
        bench.pass(1000);
        let frames = bench.frames();
        let heartbeats = frames.iter().map(|frame| decode(frame, 0).expect("it can be read"));
        let first = Heartbeat { session: 8, sequence: 1, acknowledged: 0, sent_ms: 1000 };
        assert_eq!(heartbeats.collect::<Vec<_>>(), [Message::from(first)], "it counts from 1 again");
    }
}

#[test]
fn a_second_welcome_of_another_run_of_the_master_replaces_the_session() {
    let mut bench = Bench::live(ROLES[0]);
    assert_eq!(bench.hear(Welcome { epoch: 2, ..welcome(8, 1) }), Heard::Opened);
    assert_eq!(bench.session(), Some(8));
}

#[test]
fn a_welcome_that_is_older_than_the_session_is_dropped() {
    for peer in [PEER, PEER - 1] {
        let mut bench = Bench::live(ROLES[0]);
        assert!(matches!(bench.hear(welcome(6, peer)), Heard::Dropped(_)));
        assert_eq!(bench.session(), Some(SESSION));
    }
}

#[test]
fn what_is_of_a_foreign_session_has_no_effect() {
    let mut bench = Bench::live(ROLES[0]);
    let messages: [Message<'static>; 4] = [
        heartbeat(SESSION + 1, 9).into(),
        Bye { session: SESSION + 1, code: "stop", text: "" }.into(),
        Quiet { session: SESSION + 1 }.into(),
        Proof { mac: Bytes(&[0; 32]) }.into(),
    ];
    for message in messages {
        assert!(matches!(bench.hear(message), Heard::Dropped(_)));
    }
    assert_eq!(bench.session(), Some(SESSION));
}

#[test]
fn what_is_of_the_session_and_not_of_every_role_is_handed_on() {
    let mut bench = Bench::live(ROLES[0]);
    let quiet = Message::from(Quiet { session: SESSION });
    assert_eq!(bench.hear(quiet.clone()), Heard::Message(quiet));
}

#[test]
fn who_leaves_says_so_and_hears_no_more() {
    for role in ROLES {
        let mut bench = Bench::live(role);
        let bye = Message::from(Bye { session: SESSION, code: "leaving", text: "" }).encode();
        assert_eq!(bench.peer.goodbye(), Some(bye));
        assert!(bench.is_over());
        for message in [Message::from(welcome(8, 8)), Unknown { epoch: 1 }.into()] {
            assert!(matches!(bench.hear(message), Heard::Dropped(_)));
        }
        bench.peer.disconnected(bench.now);
        bench.peer.connected(bench.now);
        bench.peer.begin_again(bench.now);
        assert!(bench.is_over());
        assert_eq!(bench.peer.goodbye(), None);
        assert_eq!(Bench::greeting(role).peer.goodbye(), None, "nobody is there to hear it");
    }
}

#[test]
fn after_a_lost_session_the_connection_is_waited_for() {
    let mut bench = Bench::live(ROLES[0]);
    bench.pass(500);
    bench.peer.disconnected(bench.now);
    assert!(bench.peer.awaits_connection());
    assert_eq!(bench.peer.poll_timeout(), Some((bench.now, Timer::Connection)));
}

#[test]
fn lateness_is_told_against_the_quickest_message_of_the_session() {
    let mut bench = Bench::live(ROLES[0]);
    bench.now += std::time::Duration::from_millis(100);
    assert_eq!(bench.peer.lateness(bench.now, 100).as_millis(), 0);
    assert_eq!(bench.peer.lateness(bench.now, 70).as_millis(), 30);
    // The way of WELCOME was not the quickest.
    bench.hear(Heartbeat { sent_ms: 120, ..heartbeat(SESSION, 1) }).must_be(Heard::Heartbeat);
    assert_eq!(bench.peer.lateness(bench.now, 100).as_millis(), 20);
    assert_eq!(bench.peer.lateness(bench.now, u64::MAX).as_millis(), 0);
}

impl Heard<'_> {
    #[track_caller]
    fn must_be(self, expected: Heard<'_>) {
        assert_eq!(self, expected);
    }
}
