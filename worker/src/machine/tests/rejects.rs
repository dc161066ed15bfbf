//! REJECT by kind and state: what a worker does. That no code makes a difference, and what a REJECT of the greeting does to
//! every peer, is established with the session, in `powerhose-protocol`.

use super::bench::{Bench, SESSION};
use crate::machine::Ending;
use powerhose_protocol::*;

/// What a REJECT comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// This kind goes out again after the time that the master names.
    Again(Kind),
    /// The worker ends, and says why.
    Refused,
    /// None, beside a line in the log.
    Nothing,
}

const REGISTER: u64 = Kind::Register as u64;
const KINDS: [u64; 9] = [
    0,
    Kind::Hello as u64,
    Kind::Proof as u64,
    Kind::Heartbeat as u64,
    REGISTER,
    Kind::Replies as u64,
    Kind::Quiet as u64,
    Kind::Bye as u64,
    Kind::Execute as u64,
];

fn effect(mut bench: Bench, kind: u64, retry_after_ms: Option<u64>) -> Effect {
    bench.kinds();
    bench.hear(Reject { kind, reference: None, code: "a_code", text: "why", retry_after_ms });
    let refused = Ending::Refused { code: "a_code".to_owned(), text: "why".to_owned() };
    match bench.ending() {
        Some(ending) if ending == refused => return Effect::Refused,
        Some(ending) => panic!("{ending:?}"),
        None => {}
    }
    bench.pass(499);
    assert_eq!(bench.kinds(), [], "not before the time that the master names");
    bench.pass(1);
    match bench.kinds().as_slice() {
        [kind] => Effect::Again(*kind),
        [] => Effect::Nothing,
        several => panic!("{several:?}"),
    }
}

fn greeting() -> Bench {
    let mut bench = Bench::new();
    bench.pass(0);
    bench
}

fn leaving() -> Bench {
    let mut bench = Bench::registered();
    bench.give(&[1], 60_000);
    bench.next();
    bench.machine.leave(bench.now);
    bench.act();
    bench.hear(Quieted { session: SESSION });
    bench
}

#[test]
fn a_refusal_does_what_the_specification_says() {
    for state in ["greeting", "registering", "ready", "leaving"] {
        for kind in KINDS {
            let again = match (state, kind) {
                ("greeting", 0..=3) => Some(Kind::Hello),
                ("registering", REGISTER) => Some(Kind::Register),
                _ => None,
            };
            let later = again.map_or(Effect::Nothing, Effect::Again);
            let never = again.map_or(Effect::Nothing, |_| Effect::Refused);
            assert_eq!(effect(bench(state), kind, Some(500)), later, "{state}, {kind}, with a time");
            assert_eq!(effect(bench(state), kind, None), never, "{state}, {kind}, without a time");
        }
    }
}

fn bench(state: &str) -> Bench {
    match state {
        "greeting" => greeting(),
        "registering" => Bench::welcomed(),
        "ready" => Bench::registered(),
        "leaving" => leaving(),
        other => panic!("no state is {other}"),
    }
}
