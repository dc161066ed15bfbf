//! Proofs, and who is believed.

use super::bench::*;
use crate::session::{Credentials, Heard, Role};
use crate::*;

const CHALLENGE: Challenge<'static> = Challenge { version: 1, epoch: 1, nonce: Bytes(&[5; 32]) };

fn secret() -> SharedSecret {
    SharedSecret::new([b's'; 32]).expect("it is long enough")
}

fn with_secret(role: Role) -> Bench {
    Bench::with(role, Some(Credentials { secret: secret(), seed: [7; 32] }))
}

/// Lets the master ask for a proof; gives the MAC of its own.
fn challenge(bench: &mut Bench, role: Role) -> [u8; 32] {
    bench.pass(1000);
    let hello = bench.frames().pop().expect("HELLO");
    assert!(matches!(bench.hear(CHALLENGE), Heard::Prove(_)));
    let proof = bench.frames().remove(0);
    let frames = [&hello[..], &Message::from(CHALLENGE).encode(), &proof];
    secret().prove(role.word(), Prover::Master, &frames)
}

fn welcome_with(bench: &mut Bench, session: u64, mac: Option<&[u8; 32]>) -> Heard<'static> {
    let header =
        Message::from(Welcome { mac: mac.map(|mac| Bytes(mac)), ..welcome(session, session) }).encode();
    let Ok(message) = decode(&header, 0) else { panic!("it can be read") };
    match bench.peer.handle(bench.now, &header, message) {
        Heard::Opened => Heard::Opened,
        Heard::Dropped(why) => Heard::Dropped(why),
        Heard::Refused { code, text } => Heard::Refused { code, text },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_challenge_is_answered_by_who_has_the_secret() {
    for role in ROLES {
        let mut bench = with_secret(role);
        let mac = challenge(&mut bench, role);
        assert_eq!(welcome_with(&mut bench, SESSION, Some(&mac)), Heard::Opened);
        assert!(matches!(bench.hear(CHALLENGE), Heard::Dropped(_)), "a session is open");
    }
}

#[test]
fn a_challenge_ends_who_has_none() {
    for role in ROLES {
        let mut bench = Bench::greeting(role);
        let heard = bench.hear(CHALLENGE);
        assert!(matches!(heard, Heard::Refused { code, .. } if code == "authentication"));
        assert!(bench.is_over());
    }
}

#[test]
fn whoever_does_not_prove_to_be_the_master_ends_who_asks_for_its_proof() {
    for role in ROLES {
        for mac in [None, Some([0; 32])] {
            let mut bench = with_secret(role);
            challenge(&mut bench, role);
            let heard = welcome_with(&mut bench, SESSION, mac.as_ref());
            assert!(matches!(heard, Heard::Refused { code, .. } if code == "authentication"));
            assert!(bench.is_over());
        }
    }
}

#[test]
fn a_welcome_that_proves_nothing_leaves_a_session_as_it_is() {
    for role in ROLES {
        let mut bench = with_secret(role);
        let mac = challenge(&mut bench, role);
        assert_eq!(welcome_with(&mut bench, SESSION, Some(&mac)), Heard::Opened);
        for mac in [None, Some([0; 32])] {
            assert!(matches!(welcome_with(&mut bench, SESSION + 1, mac.as_ref()), Heard::Dropped(_)));
        }
        assert_eq!(bench.session(), Some(SESSION));
    }
}

#[test]
fn a_welcome_of_the_handshake_before_the_present_one_is_dropped() {
    for role in ROLES {
        let mut bench = with_secret(role);
        let mac = challenge(&mut bench, role);
        assert_eq!(welcome_with(&mut bench, SESSION, Some(&mac)), Heard::Opened);
        assert_eq!(bench.hear(Unknown { epoch: 1 }), Heard::Unknown);
        let next = challenge(&mut bench, role);
        assert!(matches!(welcome_with(&mut bench, SESSION + 1, Some(&mac)), Heard::Dropped(_)));
        assert_eq!(welcome_with(&mut bench, SESSION + 2, Some(&next)), Heard::Opened);
    }
}
