//! Every REJECT that a master has, in every state: what it is to a peer of whatever role.

use super::bench::*;
use crate::session::Heard;
use crate::*;

/// Codes of PROTOCOL.md, 4.2 and 13.1, with the kinds that they refuse.
const REJECTS: [(&str, &[u64]); 23] = [
    ("version", &[HELLO]),
    ("role", &[HELLO]),
    ("workers_max", &[HELLO]),
    ("clients_max", &[HELLO]),
    ("busy", &[HELLO]),
    ("closing", &[HELLO]),
    ("proof", &[PROOF]),
    ("identity", &[HELLO]),
    ("empty_header", &[0]),
    ("header_too_large", &[0]),
    ("malformed", ANY),
    ("trailing_bytes", ANY),
    ("unknown_kind", &[99]),
    ("frame_count", ANY),
    ("over_limit", ANY),
    ("bad_value", ANY),
    ("not_yours", ANY),
    ("pools_max", &[Kind::Register as u64]),
    ("duplicate_call", &[Kind::Execute as u64]),
    ("query", &[Kind::Status as u64]),
    ("verb", &[Kind::Control as u64]),
    ("selector", &[Kind::Control as u64]),
    ("controls_max", &[Kind::Control as u64]),
];
const HELLO: u64 = Kind::Hello as u64;
const PROOF: u64 = Kind::Proof as u64;
const ANY: &[u64] = &[
    0,
    HELLO,
    PROOF,
    Kind::Heartbeat as u64,
    Kind::Register as u64,
    Kind::Replies as u64,
    Kind::Execute as u64,
    Kind::Status as u64,
    Kind::Control as u64,
];

fn each(mut judge: impl FnMut(Reject<'static>)) {
    for (code, kinds) in REJECTS {
        for kind in kinds {
            for retry_after_ms in [None, Some(0), Some(2500), Some(u64::MAX)] {
                judge(Reject { kind: *kind, reference: None, code, text: "why", retry_after_ms });
            }
        }
    }
}

#[test]
fn the_table_has_every_code_of_the_specification() {
    let specification = include_str!("../../../PROTOCOL.md");
    let (_, section) = specification.split_once("## 13 REJECT").expect("section 13");
    let (section, _) = section.split_once("13.2").expect("what a peer does with it");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let mut codes: Vec<&str> =
        rows.flat_map(|row| row.split(['`', ',', ';', ' '])).filter(|word| !word.is_empty()).collect();
    let mut ours: Vec<&str> = REJECTS.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, codes);
}

#[test]
fn a_refusal_of_the_greeting_is_obeyed_by_every_peer() {
    for role in ROLES {
        each(|reject| {
            let mut bench = Bench::greeting(role);
            let heard = bench.hear(reject.clone());
            let is_of_greeting = [0, HELLO, PROOF].contains(&reject.kind);
            match (is_of_greeting, reject.retry_after_ms) {
                (true, None) => {
                    let (code, text) = (reject.code.to_owned(), "why".to_owned());
                    assert_eq!((heard, bench.is_over()), (Heard::Refused { code, text }, true));
                }
                (true, Some(milliseconds)) => {
                    // A longer wait would look like the master's silence, a shorter one would be a storm.
                    let wait = milliseconds.clamp(100, SILENCE_MAX.as_millis() as u64 / 2);
                    assert_eq!((heard, bench.due_in()), (Heard::Deferred(reject), Some(wait)));
                    bench.pass(wait);
                    assert_eq!(bench.kinds(), [Kind::Hello]);
                }
                (false, _) => {
                    assert_eq!((heard, bench.due_in()), (Heard::Rejected(reject), Some(1000)));
                }
            }
        });
    }
}

#[test]
fn a_refusal_within_a_session_leaves_it_and_is_told_to_the_role() {
    for role in ROLES {
        each(|reject| {
            let mut bench = Bench::live(role);
            assert_eq!(bench.hear(reject.clone()), Heard::Rejected(reject));
            assert_eq!(bench.session(), Some(SESSION));
        });
    }
}

#[test]
fn who_has_left_hears_no_refusal() {
    each(|reject| {
        let mut bench = Bench::live(ROLES[0]);
        bench.peer.end();
        assert!(matches!(bench.hear(reject), Heard::Dropped(_)));
    });
}
