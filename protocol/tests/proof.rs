//! Proofs against those that the independent encoder made, and against everything that is nearly right.

use powerhose_protocol::{
    Belief, Bytes, Credentials, Greeter, Message, Prover, ROLE_CLIENT, SharedSecret, Welcome, decode,
};
use std::path::Path;

const SECRET: &[u8] = b"shared secret of the golden messages";

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden").join(format!("{name}.hex"));
    let text = std::fs::read_to_string(&path).expect("a golden message");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ascii"), 16).expect("hex");
    digits.chunks(2).map(byte).collect()
}

#[test]
fn the_golden_handshake_is_proved_both_ways() {
    let secret = SharedSecret::new(SECRET).expect("long enough");
    let [hello, challenge, proof, welcome] =
        ["hello_client", "challenge", "proof", "welcome_proved"].map(golden);
    let Ok(Message::Proof(peer)) = decode(&proof, 0) else { panic!("a PROOF") };
    let made = secret.prove("client", Prover::Peer, &[&hello, &challenge]);
    assert_eq!(made, peer.mac.0);
    let Ok(Message::Welcome(master)) = decode(&welcome, 0) else { panic!("a WELCOME") };
    let mac = master.mac.expect("a mac").0;
    assert!(secret.accepts("client", Prover::Master, &[&hello, &challenge, &proof], mac));
}

#[test]
fn a_proof_is_worth_nothing_for_another_role_direction_secret_or_handshake() {
    let secret = SharedSecret::new(SECRET).expect("long enough");
    let other = SharedSecret::new([7; 32]).expect("long enough");
    let (hello, challenge) = (golden("hello_client"), golden("challenge"));
    let frames: [&[u8]; 2] = [&hello, &challenge];
    let proof = secret.prove("client", Prover::Peer, &frames);
    assert!(secret.accepts("client", Prover::Peer, &frames, &proof));
    assert!(!secret.accepts("worker", Prover::Peer, &frames, &proof));
    assert!(!secret.accepts("client", Prover::Master, &frames, &proof));
    assert!(!other.accepts("client", Prover::Peer, &frames, &proof));
    assert!(!secret.accepts("client", Prover::Peer, &[&hello, &hello], &proof));
    assert!(!secret.accepts("client", Prover::Peer, &frames, &proof[..31]));
    assert!(!secret.accepts("client", Prover::Peer, &frames, &[]));
}

#[test]
fn the_answer_to_a_hello_that_was_repeated_meanwhile_is_believed() {
    let secret = SharedSecret::new(SECRET).expect("long enough");
    let credentials = Credentials { secret: secret.clone(), seed: [1; 32] };
    let mut greeter = Greeter::new(ROLE_CLIENT, String::new(), Some(credentials));
    let (hello, challenge) = (greeter.hello(), golden("challenge"));
    let proof = greeter.prove(&challenge).expect("it has credentials");
    assert_eq!(greeter.hello(), hello);
    let mac = secret.prove(ROLE_CLIENT, Prover::Master, &[&hello, &challenge, &proof]);
    let golden = golden("welcome_proved");
    let Ok(Message::Welcome(welcome)) = decode(&golden, 0) else { panic!("a WELCOME") };
    assert_eq!(greeter.judge(&welcome), Belief::Denied);
    let proved = Welcome { mac: Some(Bytes(&mac)), ..welcome };
    assert_eq!(greeter.judge(&proved), Belief::Believed);
    assert_ne!(greeter.hello(), hello, "another handshake has another nonce");
    assert_eq!(greeter.judge(&proved), Belief::Outdated, "the repeated HELLO was answered once more");
    let nothing = secret.prove(ROLE_CLIENT, Prover::Master, &[&[], &[], &[]]);
    let mut greeter = Greeter::new(ROLE_CLIENT, String::new(), Some(Credentials { secret, seed: [2; 32] }));
    assert_eq!(greeter.judge(&Welcome { mac: Some(Bytes(&nothing)), ..proved }), Belief::Denied);
}

#[test]
fn a_secret_that_could_be_guessed_is_refused_and_none_is_shown() {
    let error = SharedSecret::new([1; 31]).expect_err("31 bytes");
    assert!(error.to_string().contains("31"), "{error}");
    let secret = SharedSecret::new(SECRET).expect("36 bytes");
    assert_eq!(format!("{secret:?}"), "SharedSecret(..)");
}
