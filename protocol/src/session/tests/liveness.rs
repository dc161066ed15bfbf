//! Heartbeats, silence, and what is no silence.

use super::bench::*;
use crate::session::{Heard, Role, Timer};
use crate::*;

#[test]
fn heartbeats_go_out_at_the_masters_interval_and_acknowledge_its_own() {
    for role in ROLES {
        let mut bench = Bench::live(role);
        assert_eq!(bench.hear(heartbeat(SESSION, 5)), Heard::Heartbeat);
        assert!(matches!(bench.peer.poll_timeout(), Some((_, Timer::Heartbeat))));
        bench.pass(2000);
        let frames = bench.frames();
        let heartbeats = frames.iter().map(|frame| decode(frame, 0).expect("it can be read"));
        let beat = |sequence| {
            Message::from(Heartbeat { session: SESSION, sequence, acknowledged: 5, sent_ms: sequence * 1000 })
        };
        assert_eq!(heartbeats.collect::<Vec<_>>(), [beat(1), beat(2)]);
    }
}

#[test]
fn a_worker_gives_up_a_master_that_it_never_heard_of() {
    let mut bench = Bench::new(Role::Worker);
    bench.pass(29_999);
    assert_eq!(bench.silences, 0);
    bench.pass(1);
    assert_eq!((bench.silences, bench.is_over()), (1, true));
}

#[test]
fn a_client_greets_a_master_that_it_never_heard_of_without_end() {
    let mut bench = Bench::new(Role::Client);
    bench.pass(300_000);
    assert_eq!((bench.silences, bench.kinds().len()), (0, 301));
}

#[test]
fn a_master_that_falls_silent_is_given_up_by_a_worker_and_greeted_again_by_a_client() {
    for role in ROLES {
        let mut bench = Bench::live(role);
        bench.pass(20_000);
        assert_eq!(bench.hear(heartbeat(SESSION, 1)), Heard::Heartbeat);
        bench.pass(29_999);
        assert_eq!((bench.silences, bench.session()), (0, Some(SESSION)));
        bench.kinds();
        bench.pass(1);
        let hello = if role == Role::Client { vec![Kind::Hello] } else { vec![] };
        assert_eq!((bench.silences, bench.session(), bench.kinds()), (1, None, hello));
    }
}

#[test]
fn a_foreign_session_is_no_sign_of_life() {
    for role in ROLES {
        let mut bench = Bench::live(role);
        for sequence in 1..=30 {
            bench.pass(1000);
            assert!(matches!(bench.hear(heartbeat(SESSION + 1, sequence)), Heard::Dropped(_)));
        }
        assert_eq!(bench.silences, 1);
    }
}

#[test]
fn whatever_the_master_says_of_the_session_or_the_greeting_is_a_sign_of_life() {
    let reject = |kind: Kind| Reject {
        kind: kind as u64,
        reference: None,
        code: "busy",
        text: "",
        retry_after_ms: Some(1000),
    };
    let mut bench = Bench::greeting(Role::Worker);
    for _ in 0..3 {
        bench.pass(29_000);
        assert!(matches!(bench.hear(reject(Kind::Hello)), Heard::Deferred(_)));
    }
    bench.hear(welcome(SESSION, PEER)).ignored();
    for _ in 0..3 {
        bench.pass(29_000);
        bench.hear(reject(Kind::Replies)).ignored();
        bench.pass(29_000);
        bench.hear(Quiet { session: SESSION }).ignored();
    }
    assert_eq!((bench.silences, bench.session()), (0, Some(SESSION)));
}

#[test]
fn a_peer_that_stood_still_does_not_take_its_absence_for_the_masters() {
    for role in ROLES {
        let mut bench = Bench::live(role);
        bench.leap(60_000);
        assert_eq!((bench.silences, bench.kinds()), (0, vec![Kind::Heartbeat]));
        bench.pass(29_999);
        assert_eq!(bench.silences, 0);
        bench.pass(1);
        assert_eq!(bench.silences, 1);
    }
}

#[test]
fn what_a_peer_was_away_in_short_pauses_is_no_silence_either() {
    for role in ROLES {
        let mut bench = Bench::live(role);
        for _ in 0..29 {
            bench.leap(1900);
        }
        assert_eq!(bench.silences, 0, "it has listened for 29 of these 55 seconds");
        bench.leap(1900);
        assert_eq!(bench.silences, 1);
    }
}

#[test]
fn silence_is_nothing_to_who_leaves() {
    let mut bench = Bench::live(Role::Worker);
    bench.peer.ignore_silence();
    bench.pass(40_000);
    assert_eq!((bench.silences, bench.kinds()), (0, vec![Kind::Heartbeat; 40]));
}

#[test]
fn silence_is_told_as_a_reason() {
    let mut bench = Bench::greeting(Role::Worker);
    bench.pass(29_500);
    assert_eq!(bench.peer.poll_timeout(), Some((bench.start + SILENCE_MAX, Timer::Silence)));
}

impl Heard<'_> {
    fn ignored(self) {}
}
