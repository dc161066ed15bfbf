//! REJECT by kind and state: what a client does, and an operator, who is one. What a REJECT of the greeting does to every peer, whatever its code, is
//! established with the session, in `powerhose-protocol`.

use super::bench::*;
use crate::client::{ClientAction, ClientSettings, Course, Refusal};
use crate::common::{Ending, Rejection};
use powerhose_protocol::{Kind, Message, Reject, Unknown};

/// What a REJECT comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// HELLO goes out again after the time that the master names.
    HelloAgain,
    /// The client ends, and its jobs as rejected.
    Refused,
    /// The call that it refers to ends as rejected.
    CallRejected,
    /// Who asked for the workers and for the stats is told that there is no answer.
    Unanswered,
    /// None, beside a line in the log.
    Nothing,
}

const CALL: u64 = 1;

fn reject(kind: u64, reference: Option<u64>, retry_after_ms: Option<u64>) -> Message<'static> {
    Message::Reject(Reject { kind, reference, code: "a_code", text: "why", retry_after_ms })
}

fn refusal() -> Refusal {
    Refusal { code: "a_code".to_owned(), text: "why".to_owned() }
}

fn rejected() -> Ending {
    Ending::Rejected(Rejection::Refused { code: "a_code".into(), text: "why".into() })
}

/// HELLO was said, and a call waits.
fn greeting() -> Bench {
    let mut bench = Bench::new(ClientSettings::default());
    bench.submit(CALL, b"x");
    bench.actions();
    bench
}

/// A call was sent, and the master was asked for its workers and its stats.
fn live() -> Bench {
    let mut bench = Bench::connected();
    bench.submit(CALL, b"x");
    bench.machine.ask_workers();
    bench.machine.ask_stats();
    assert_eq!(bench.kinds(), ["EXECUTE", "STATUS", "STATUS", "STATUS"]);
    bench
}

fn effect(mut bench: Bench, message: &Message<'_>) -> Effect {
    bench.hear(message, Vec::new());
    // Every question that was asked is refused.
    bench.hear(message, Vec::new());
    let at_once = bench.actions();
    if at_once.is_empty() {
        bench.pass(std::time::Duration::from_millis(500));
        return if bench.kinds().is_empty() { Effect::Nothing } else { Effect::HelloAgain };
    }
    match &at_once[..] {
        [ClientAction::Complete { call: CALL, outcome, .. }, ClientAction::Refused(refusal)] => {
            assert_eq!((&outcome.ending, outcome.may_have_run), (&rejected(), false));
            assert_eq!(*refusal, self::refusal());
            Effect::Refused
        }
        [ClientAction::Complete { call: CALL, job: Some(_), outcome }] => {
            let reason = "a_code: why".into();
            assert_eq!(outcome.ending, Ending::Rejected(Rejection::BadCall { reason }));
            Effect::CallRejected
        }
        [ClientAction::Workers(None), ClientAction::Stats(None)] => Effect::Unanswered,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_does_what_the_specification_says() {
    let execute = Kind::Execute as u64;
    let others = [Kind::Heartbeat, Kind::Bye, Kind::Register, Kind::Abandon, Kind::Control];
    for kind in [0, Kind::Hello as u64, Kind::Proof as u64] {
        assert_eq!(effect(greeting(), &reject(kind, None, None)), Effect::Refused, "{kind}");
        assert_eq!(effect(greeting(), &reject(kind, None, Some(500))), Effect::HelloAgain, "{kind}");
        for retry_after_ms in [None, Some(500)] {
            assert_eq!(effect(live(), &reject(kind, None, retry_after_ms)), Effect::Nothing, "{kind}");
        }
    }
    for retry_after_ms in [None, Some(500)] {
        let refused = |kind, reference| reject(kind, reference, retry_after_ms);
        assert_eq!(effect(live(), &refused(execute, Some(CALL))), Effect::CallRejected);
        assert_eq!(effect(live(), &refused(execute, Some(CALL + 1))), Effect::Nothing);
        assert_eq!(effect(live(), &refused(execute, None)), Effect::Nothing);
        assert_eq!(effect(greeting(), &refused(execute, Some(CALL))), Effect::Nothing, "it was not sent");
        assert_eq!(effect(live(), &refused(Kind::Status as u64, None)), Effect::Unanswered);
        assert_eq!(effect(greeting(), &refused(Kind::Status as u64, None)), Effect::Nothing);
        for kind in others {
            assert_eq!(effect(live(), &refused(kind as u64, None)), Effect::Nothing, "{kind}");
            assert_eq!(effect(greeting(), &refused(kind as u64, None)), Effect::Nothing, "{kind}");
        }
    }
}

/// What somebody hears who has asked and ordered.
fn heard_by_an_operator(message: &Message<'_>) -> Vec<ClientAction> {
    let mut bench = Bench::connected();
    bench.machine.ask("guess");
    assert_eq!(bench.machine.order("dance", "all", 1000), Some(1));
    assert_eq!(bench.kinds(), ["CONTROL", "STATUS"]);
    bench.hear(message, Vec::new());
    bench.hear(message, Vec::new());
    bench.actions()
}

#[test]
fn an_operator_is_told_once_what_was_refused() {
    for retry_after_ms in [None, Some(500)] {
        let refused =
            |kind: Kind, reference| heard_by_an_operator(&reject(kind as u64, reference, retry_after_ms));
        let asked = refused(Kind::Status, None);
        let [ClientAction::Told { query, state: Err(why) }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((query.as_str(), why), ("guess", &refusal()));
        let ordered = refused(Kind::Control, Some(1));
        let [ClientAction::Ordered { order: 1, course: Course::Refused(why) }] = &ordered[..] else {
            panic!("{ordered:?}")
        };
        assert_eq!(why, &refusal());
        for (kind, reference) in [
            (Kind::Control, Some(2)),
            (Kind::Control, None),
            (Kind::Hello, None),
            (Kind::Proof, None),
            (Kind::Heartbeat, None),
            (Kind::Execute, Some(1)),
        ] {
            let heard = refused(kind, reference);
            assert!(heard.is_empty(), "{kind} {reference:?}: {heard:?}");
        }
        assert!(heard_by_an_operator(&reject(0, None, retry_after_ms)).is_empty());
    }
}

#[test]
fn an_operator_without_a_session_is_refused_with_its_question() {
    let mut bench = Bench::new(ClientSettings::default());
    bench.machine.ask("pools");
    assert_eq!(bench.machine.order("stop", "all", 1000), None, "an order is not kept for later");
    bench.actions();
    bench.hear(&reject(0, None, None), Vec::new());
    let heard = bench.actions();
    let [ClientAction::Refused(first), ClientAction::Told { state: Err(second), .. }] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!((first, second, bench.machine.refusal()), (&refusal(), &refusal(), Some(&refusal())));
}

#[test]
fn a_client_that_was_welcomed_before_is_refused_by_the_next_master_at_once() {
    let mut bench = Bench::connected();
    bench.submit(1, b"x");
    bench.executed();
    bench.hear(&Message::Unknown(Unknown { epoch: 2 }), Vec::new());
    bench.pass(std::time::Duration::from_millis(100));
    bench.submit(2, b"x");
    bench.machine.ask_workers();
    bench.actions();
    bench.hear(&reject(Kind::Hello as u64, None, None), Vec::new());
    let actions = bench.actions();
    assert!(
        matches!(
            &actions[..],
            [
                ClientAction::Complete { call: 2, outcome, .. },
                ClientAction::Refused(_),
                ClientAction::Workers(None)
            ] if outcome.ending == rejected()
        ),
        "{actions:?}"
    );
    assert_eq!(bench.machine.poll_timeout(), None, "nothing is awaited");
}

#[test]
fn a_refused_client_answers_everybody_at_once() {
    let mut bench = greeting();
    bench.hear(&reject(Kind::Hello as u64, None, None), Vec::new());
    bench.actions();
    bench.submit(2, b"x");
    assert_eq!(bench.end().1.ending, rejected());
    bench.machine.ask_stats();
    assert!(matches!(&bench.actions()[..], [ClientAction::Stats(None)]));
    bench.welcome(SESSION);
    assert!(bench.actions().is_empty(), "it hears no more");
    bench.machine.close(bench.now, TIMEOUT);
    assert!(matches!(&bench.actions()[..], [ClientAction::Closed]));
}
