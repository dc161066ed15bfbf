//! The client's machine by examples: the test is the master, and the clock.

mod bench;
mod operating;
mod rejects;

use super::{ClientAction, ClientSettings};
use crate::common::{Ending, LostCause, Rejection};
use bench::*;
use powerhose_protocol::{
    Abandon, Bye, Challenge, Credentials, Message, Prover, ROLE_CLIENT, Reject, SharedSecret, State, Unknown,
    Value,
};
use std::time::Duration;

#[test]
fn calls_wait_for_a_session_and_go_out_in_batches() {
    let mut bench = Bench::new(ClientSettings::default());
    (1..=5).for_each(|call| bench.submit(call, b"x"));
    assert_eq!(bench.kinds(), ["HELLO"]);
    bench.welcome(SESSION);
    assert_eq!(bench.executed(), [vec![1, 2, 3], vec![4, 5]], "three jobs a message at most");
}

#[test]
fn a_batch_ends_where_its_bytes_do() {
    let mut bench = Bench::connected();
    (1..=3).for_each(|call| bench.submit(call, &[0; 700]));
    assert_eq!(bench.executed(), [vec![1, 2], vec![3]]);
}

#[test]
fn an_outcome_ends_its_call_once() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.outcome(SESSION, 1, b"reply");
    bench.outcome(SESSION, 1, b"again");
    let (call, outcome) = bench.end();
    assert_eq!(call, 1);
    assert!(matches!(outcome.ending, Ending::Done { payload, .. } if payload == "reply"));
    assert_eq!(bench.machine.pending(), 0);
}

#[test]
fn an_outcome_of_a_foreign_session_ends_nothing() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.outcome(SESSION + 1, 1, b"foreign");
    assert!(bench.ends().is_empty());
    assert_eq!(bench.machine.pending(), 1);
}

#[test]
fn an_outcome_of_a_call_that_was_not_sent_ends_nothing() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.outcome(SESSION, 1, b"guessed");
    assert!(bench.ends().is_empty());
}

#[test]
fn what_was_sent_is_lost_with_its_session_and_what_was_not_waits_for_the_next() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.submit(2, b"x");
    bench.hear(&Message::Unknown(Unknown { epoch: 2 }), Vec::new());
    let (call, outcome) = bench.end();
    assert_eq!((call, outcome.ending), (1, Ending::Lost(LostCause::Master)));
    assert!(outcome.may_have_run);
    bench.welcome(SESSION + 1);
    assert_eq!(bench.executed(), [vec![2]]);
}

#[test]
fn a_silent_master_is_left_and_greeted_again() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.pass(HEARTBEAT * 2);
    bench.actions();
    bench.pass(ClientSettings::default().silence_max);
    bench.pass(HEARTBEAT);
    assert!(!bench.machine.is_connected());
    assert!(bench.kinds().contains(&"HELLO".to_owned()));
}

#[test]
fn a_heartbeat_keeps_the_session() {
    let mut bench = Bench::connected();
    for sequence in 1..20 {
        bench.pass(HEARTBEAT);
        let heartbeat =
            powerhose_protocol::Heartbeat { session: SESSION, sequence, acknowledged: 0, sent_ms: 0 };
        bench.hear(&Message::Heartbeat(heartbeat), Vec::new());
    }
    assert!(bench.machine.is_connected());
}

#[test]
fn a_goodbye_ends_the_session() {
    let mut bench = Bench::connected();
    bench.hear(&Message::Bye(Bye { session: SESSION, code: "closed", text: "" }), Vec::new());
    assert!(!bench.machine.is_connected());
}

#[test]
fn a_call_whose_outcome_does_not_come_times_out_and_the_master_is_told() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.machine.receive(bench.now, b"\xc1 garbage", &mut Vec::new());
    bench.pass(TIMEOUT - Duration::from_millis(1));
    assert!(bench.ends().is_empty(), "not a moment too early");
    // The session would end for silence just before: the master is heard meanwhile.
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.pass(Duration::from_secs(4));
    bench.hear(
        &Message::Heartbeat(powerhose_protocol::Heartbeat {
            session: SESSION,
            sequence: 1,
            acknowledged: 0,
            sent_ms: 0,
        }),
        Vec::new(),
    );
    bench.pass(Duration::from_millis(1011));
    let actions = bench.actions();
    let timed_out = |action: &ClientAction| matches!(action, ClientAction::Complete { call: 1, outcome, .. } if outcome.ending == Ending::TimedOut);
    assert!(actions.iter().any(timed_out), "{actions:?}");
    let abandon = Message::Abandon(Abandon { session: SESSION, calls: vec![1] }).encode();
    let told =
        |action: &ClientAction| matches!(action, ClientAction::Send { header, .. } if *header == abandon);
    assert!(actions.iter().any(told), "{actions:?}");
}

#[test]
fn a_call_that_never_was_sent_times_out_as_not_run() {
    let mut bench = Bench::new(ClientSettings::default());
    bench.submit(1, b"x");
    bench.pass(TIMEOUT + Duration::from_millis(11));
    let (_, outcome) = bench.end();
    assert_eq!((outcome.ending, outcome.may_have_run), (Ending::TimedOut, false));
}

#[test]
fn an_abandoned_call_has_no_end() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.submit(2, b"x");
    bench.machine.abandon(1);
    assert_eq!(bench.executed(), [vec![2]], "what was not sent is never sent");
    bench.machine.abandon(2);
    assert_eq!(bench.kinds(), ["ABANDON"]);
    bench.outcome(SESSION, 2, b"late");
    assert!(bench.ends().is_empty());
}

#[test]
fn a_queue_of_abandoned_calls_is_no_queue() {
    let mut bench = Bench::new(ClientSettings { queue_jobs_max: 10, ..ClientSettings::default() });
    for call in 0..1000 {
        bench.submit(call, b"x");
        bench.machine.abandon(call);
    }
    bench.submit(1000, b"x");
    assert!(bench.ends().is_empty(), "nothing waits, so nothing is refused");
}

#[test]
fn what_waits_is_bounded_by_count_and_by_bytes() {
    let settings = ClientSettings { queue_jobs_max: 2, queue_bytes_max: 100, ..ClientSettings::default() };
    let mut bench = Bench::new(settings);
    bench.submit(1, &[0; 200]);
    bench.submit(2, b"x");
    let (_, outcome) = bench.end();
    assert_eq!(outcome.ending, Ending::Rejected(Rejection::QueueBytesFull { bytes_max: 100 }));
    bench.submit(3, b"");
    assert_eq!(bench.ends().len(), 1, "the bytes are over the bound already");
    bench.machine.abandon(1);
    (4..=6).for_each(|call| bench.submit(call, b"x"));
    let (call, outcome) = bench.end();
    assert_eq!((call, outcome.ending), (6, Ending::Rejected(Rejection::QueueFull { jobs_max: 2 })));
}

#[test]
fn a_payload_that_the_master_would_not_take_is_refused_also_when_it_waited_for_the_session() {
    let too_large =
        Ending::Rejected(Rejection::PayloadTooLarge { bytes: 1001, bytes_max: PAYLOAD_BYTES_MAX });
    let mut bench = Bench::connected();
    bench.submit(1, &[0; 1001]);
    assert_eq!(bench.end().1.ending, too_large);

    let mut bench = Bench::new(ClientSettings::default());
    bench.submit(1, &[0; 1001]);
    bench.submit(2, b"x");
    bench.welcome(SESSION);
    let actions = bench.actions();
    let refused = |action: &ClientAction| matches!(action, ClientAction::Complete { call: 1, outcome, .. } if outcome.ending == too_large);
    assert!(actions.iter().any(refused), "{actions:?}");
    let named = |action: &ClientAction| matches!(action, ClientAction::Named { call: 2, .. });
    assert!(actions.iter().any(named), "the job behind it goes its way: {actions:?}");
}

#[test]
fn a_refusal_of_the_handshake_is_told() {
    let mut bench = Bench::new(ClientSettings::default());
    bench.actions();
    let reject = Reject { kind: 1, reference: None, code: "version", text: "", retry_after_ms: None };
    bench.hear(&Message::Reject(reject), Vec::new());
    let actions = bench.actions();
    assert!(
        matches!(&actions[..], [ClientAction::Refused(refusal)] if refusal.code == "version"),
        "{actions:?}"
    );
}

#[test]
fn closing_lets_calls_end_and_then_says_goodbye() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.machine.close(bench.now, Duration::from_secs(1));
    bench.submit(2, b"x");
    let (call, outcome) = bench.end();
    assert_eq!((call, outcome.ending), (2, Ending::Rejected(Rejection::Closed)));
    bench.outcome(SESSION, 1, b"reply");
    let actions = bench.actions();
    assert!(
        matches!(
            &actions[..],
            [ClientAction::Complete { call: 1, .. }, ClientAction::Send { .. }, ClientAction::Closed]
        ),
        "{actions:?}"
    );
}

#[test]
fn what_is_left_when_the_drain_is_over_is_lost() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.machine.close(bench.now, Duration::from_secs(1));
    bench.pass(Duration::from_secs(2));
    let actions = bench.actions();
    let lost = |action: &ClientAction| matches!(action, ClientAction::Complete { call: 1, outcome, .. } if outcome.ending == Ending::Lost(LostCause::Master));
    assert!(actions.iter().any(lost), "{actions:?}");
    assert!(matches!(actions.last(), Some(ClientAction::Closed)));
}

/// Lets the master answer a query as one would that has counted these jobs.
fn tell(bench: &mut Bench, session: u64, query: &str, told: &(Value, Value)) {
    let state = if query == "pools" { told.1.clone() } else { told.0.clone() };
    bench.hear(&Message::State(State { session, query, state }), Vec::new());
}

#[test]
fn the_stats_are_two_questions_and_are_asked_again_in_the_next_session() {
    let mut bench = Bench::connected();
    let stats = |bench: &mut Bench| {
        bench.actions().into_iter().find_map(|action| match action {
            ClientAction::Stats(stats) => Some(stats),
            _ => None,
        })
    };
    let told = crate::desk::tests::status::told();
    bench.machine.ask_stats();
    assert_eq!(bench.kinds(), ["STATUS", "STATUS"]);
    tell(&mut bench, SESSION, "master", &told);
    bench.welcome(SESSION + 1);
    assert_eq!(bench.kinds(), ["STATUS", "STATUS"]);
    tell(&mut bench, SESSION + 1, "pools", &told);
    assert!(stats(&mut bench).is_none(), "the other half was of the master before");
    tell(&mut bench, SESSION + 1, "master", &told);
    tell(&mut bench, SESSION + 1, "pools", &told);
    assert!(stats(&mut bench).expect("an answer").is_some());
    bench.machine.ask_stats();
    bench.actions();
    tell(&mut bench, SESSION + 1, "master", &(Value::Nil, Value::Nil));
    tell(&mut bench, SESSION + 1, "pools", &told);
    assert!(stats(&mut bench).expect("an answer").is_none(), "it cannot be read");
}

/// What STATUS asks, of what was sent since the last look.
fn asked(bench: &mut Bench) -> Vec<String> {
    let query = |header: &[u8]| match powerhose_protocol::decode(header, 0) {
        Ok(Message::Status(status)) => Some(status.query.to_owned()),
        Ok(_) | Err(_) => None,
    };
    bench.sent().iter().filter_map(|(header, _)| query(header)).collect()
}

fn tell_workers(bench: &mut Bench, session: u64, query: &str, worker: &Value, next: Option<&str>) {
    let mut state = vec![("workers".to_owned(), Value::Array(vec![worker.clone()]))];
    state.extend(next.map(|next| ("next".to_owned(), next.into())));
    bench.hear(&Message::State(State { session, query, state: Value::Map(state) }), Vec::new());
}

#[test]
fn a_list_is_asked_for_page_by_page_and_told_once_from_one_session() {
    let worker = crate::desk::tests::status::told_worker();
    let mut bench = Bench::connected();
    bench.machine.ask_workers();
    assert_eq!(asked(&mut bench), ["workers"]);
    tell_workers(&mut bench, SESSION, "workers", &worker, Some("workers:7"));
    assert_eq!(asked(&mut bench), ["workers:7"]);
    bench.welcome(SESSION + 1);
    assert_eq!(asked(&mut bench), ["workers"], "its pages are of the master before");
    tell_workers(&mut bench, SESSION + 1, "workers:7", &worker, None);
    assert!(bench.actions().is_empty(), "nobody asked for it");
    tell_workers(&mut bench, SESSION + 1, "workers", &worker, Some("workers:7"));
    bench.machine.ask_workers();
    assert_eq!(asked(&mut bench), ["workers:7"], "what is on its way comes first");
    tell_workers(&mut bench, SESSION + 1, "workers:7", &worker, None);
    let actions = bench.actions();
    let [ClientAction::Workers(Some(workers)), ClientAction::Send { .. }] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(workers.len(), 2, "and who asked later is answered by a question of his own");
}

#[test]
fn a_second_welcome_replaces_the_session() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.welcome(SESSION + 1);
    let (call, outcome) = bench.end();
    assert_eq!((call, outcome.ending), (1, Ending::Lost(LostCause::Master)));
}

/// The master asks for a proof, and gives its own.
fn prove_to_each_other(bench: &mut Bench, secret: &SharedSecret) {
    let hello = bench.sent().remove(0).0;
    let challenge = Challenge { version: 1, epoch: 1, nonce: powerhose_protocol::Bytes(&[5; 32]) };
    bench.hear(&Message::Challenge(challenge.clone()), Vec::new());
    let proof = bench.sent().remove(0).0;
    let frames = [&hello[..], &Message::Challenge(challenge).encode(), &proof];
    let mac = secret.prove(ROLE_CLIENT, Prover::Master, &frames).to_vec();
    bench.welcome_proved(SESSION, Some(&mac));
}

#[test]
fn a_welcome_that_proves_nothing_leaves_a_session_as_it_is() {
    let secret = SharedSecret::new([b's'; 32]).expect("it is long enough");
    let credentials = Credentials { secret: secret.clone(), seed: [7; 32] };
    let mut bench = Bench::with(ClientSettings::default(), Some(credentials));
    prove_to_each_other(&mut bench, &secret);
    assert!(bench.machine.is_connected());
    bench.submit(1, b"x");
    bench.actions();
    bench.welcome_proved(SESSION + 1, Some(&[0; 32]));
    bench.welcome_proved(SESSION + 1, None);
    let actions = bench.actions();
    assert!(actions.is_empty(), "nobody is refused, and no call ends: {actions:?}");
    bench.outcome(SESSION, 1, b"reply");
    assert!(matches!(bench.end().1.ending, Ending::Done { .. }));
}
