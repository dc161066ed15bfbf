//! Where a secret is asked for: only who proves to know it comes in, in the role that it is for.

use super::harness::*;
use crate::common::SharedSecrets;
use crate::desk::{Event, Route};
use powerhose_protocol::*;

fn secret(text: &str) -> SharedSecret {
    SharedSecret::new(text.repeat(32)).expect("it is long enough")
}

/// A master whose workers know `w`, and whose clients know `c`.
fn guarded() -> Bench {
    Bench::with(|settings| {
        settings.secrets = SharedSecrets { workers: vec![secret("w")], clients: vec![secret("c")] };
    })
}

fn greeter(role: &'static str, text: &str) -> Greeter {
    greeter_with(role, text, 7)
}

/// One whose nonces are others.
fn greeter_with(role: &'static str, text: &str, seed: u8) -> Greeter {
    let credentials = Credentials { secret: secret(text), seed: [seed; 32] };
    Greeter::new(role, "paper/1".to_owned(), Some(credentials))
}

/// The CHALLENGE that answers what was said last.
fn challenge(bench: &mut Bench, route: Route) -> Vec<u8> {
    let heard = bench.heard_on(route);
    let [Sent::Challenge { frame }] = heard.as_slice() else { panic!("{heard:?}") };
    frame.clone()
}

/// HELLO, CHALLENGE and PROOF; what the master says then.
fn shake_hands(bench: &mut Bench, route: Route, greeter: &mut Greeter) -> Sent {
    bench.say_bytes(route, &greeter.hello(), Vec::new());
    let challenge = challenge(bench, route);
    let proof = greeter.prove(&challenge).expect("it has credentials");
    bench.say_bytes(route, &proof, Vec::new());
    let mut heard = bench.heard_on(route);
    assert_eq!(heard.len(), 1, "{heard:?}");
    heard.remove(0)
}

fn assert_refused(answer: &Sent) {
    let Sent::Reject(refusal) = answer else { panic!("{answer:?}") };
    assert_eq!((refusal.of(Kind::Proof), refusal.retry_after_ms), ("proof", None));
}

/// No CHALLENGE is there that the PROOF could answer: a peer that was too slow may begin again.
fn assert_unasked(answer: &Sent) {
    let Sent::Reject(refusal) = answer else { panic!("{answer:?}") };
    assert_eq!((refusal.of(Kind::Proof), refusal.retry_after_ms), ("proof", Some(100)));
}

#[test]
fn who_knows_the_secret_of_its_role_comes_in_and_the_master_proves_itself() {
    for (role, text) in [(ROLE_WORKER, "w"), (ROLE_CLIENT, "c")] {
        let mut bench = guarded();
        let route = bench.connect();
        let mut greeter = greeter(role, text);
        let Sent::Welcome(welcome) = shake_hands(&mut bench, route, &mut greeter) else {
            panic!("no WELCOME")
        };
        let mac = welcome.mac.as_deref().map(Bytes);
        let nothing = || NamedValues(Vec::new());
        let (limits, intervals) = (nothing(), nothing());
        let (version, epoch, session, peer) = (1, welcome.epoch, welcome.session, welcome.peer);
        let read = Welcome { version, epoch, session, peer, mac, limits, intervals, pid: 1, sent_ms: 0 };
        assert_eq!(greeter.judge(&read), Belief::Believed);
    }
}

#[test]
fn who_does_not_know_it_is_turned_away_for_good() {
    let mut bench = guarded();
    for (role, text) in [(ROLE_WORKER, "x"), (ROLE_CLIENT, "x")] {
        let route = bench.connect();
        assert_refused(&shake_hands(&mut bench, route, &mut greeter(role, text)));
        let stranger = Peer { route, session: 1, number: 1 };
        bench.execute(stranger, 1, "sign");
        assert!(matches!(bench.heard(stranger).as_slice(), [Sent::Unknown { .. }]));
    }
}

#[test]
fn a_clients_secret_lets_no_worker_in_nor_a_workers_a_client() {
    let mut bench = guarded();
    for (role, text) in [(ROLE_WORKER, "c"), (ROLE_CLIENT, "w")] {
        let route = bench.connect();
        assert_refused(&shake_hands(&mut bench, route, &mut greeter(role, text)));
    }
}

#[test]
fn a_proof_as_a_client_is_none_as_a_worker_though_both_have_the_same_secret() {
    let mut bench = Bench::with(|settings| {
        settings.secrets = SharedSecrets { workers: vec![secret("s")], clients: vec![secret("s")] };
    });
    let route = bench.connect();
    let mut client = greeter(ROLE_CLIENT, "s");
    client.hello();
    bench.say_bytes(route, &greeter(ROLE_WORKER, "s").hello(), Vec::new());
    let challenge = challenge(&mut bench, route);
    let proof = client.prove(&challenge).expect("it has credentials");
    bench.say_bytes(route, &proof, Vec::new());
    assert_refused(&bench.heard_on(route)[0]);
}

#[test]
fn several_secrets_serve_while_one_replaces_another() {
    let mut bench = Bench::with(|settings| {
        let workers = vec![secret("old"), secret("new")];
        settings.secrets = SharedSecrets { workers, clients: Vec::new() };
    });
    for text in ["old", "new"] {
        let route = bench.connect();
        let answer = shake_hands(&mut bench, route, &mut greeter(ROLE_WORKER, text));
        assert!(matches!(answer, Sent::Welcome(_)), "{answer:?}");
    }
    let route = bench.connect();
    assert_refused(&shake_hands(&mut bench, route, &mut greeter(ROLE_CLIENT, "old")));
}

#[test]
fn nobody_has_a_session_before_the_proof() {
    let mut bench = guarded();
    let route = bench.connect();
    bench.hello(route, ROLE_CLIENT);
    challenge(&mut bench, route);
    let stranger = Peer { route, session: 0, number: 0 };
    bench.execute(stranger, 1, "sign");
    assert_eq!(bench.heard(stranger), [Sent::Unknown { epoch: bench.desk.epoch() }]);
    assert_eq!(bench.desk.stats().accepted, 0);
}

#[test]
fn a_proof_is_good_once_and_on_its_own_connection_only() {
    let mut bench = guarded();
    let (route, other) = (bench.connect(), bench.connect());
    let mut greeter = greeter(ROLE_CLIENT, "c");
    let hello = greeter.hello();
    bench.say_bytes(route, &hello, Vec::new());
    let proof = {
        let challenge = challenge(&mut bench, route);
        greeter.prove(&challenge).expect("it has credentials")
    };
    bench.say_bytes(other, &proof, Vec::new());
    assert_unasked(&bench.heard_on(other)[0]);
    bench.say_bytes(other, &hello, Vec::new());
    challenge(&mut bench, other);
    bench.say_bytes(other, &proof, Vec::new());
    assert_refused(&bench.heard_on(other)[0]);
    bench.say_bytes(route, &proof, Vec::new());
    assert!(matches!(bench.heard_on(route).as_slice(), [Sent::Welcome(_)]));
    bench.say_bytes(route, &proof, Vec::new());
    assert_unasked(&bench.heard_on(route)[0]);
}

#[test]
fn every_challenge_is_another() {
    let mut bench = guarded();
    let frames: std::collections::BTreeSet<Vec<u8>> = (0..20)
        .map(|_| {
            let route = bench.connect();
            bench.hello(route, ROLE_CLIENT);
            challenge(&mut bench, route)
        })
        .collect();
    assert_eq!(frames.len(), 20);
}

#[test]
fn a_hello_that_is_said_again_while_the_master_is_paused_is_answered_once() {
    let mut bench = guarded();
    let route = bench.connect();
    let mut greeter = greeter(ROLE_WORKER, "w");
    for _ in 0..3 {
        let hello = greeter.hello();
        bench.say_bytes(route, &hello, Vec::new());
    }
    let challenge = challenge(&mut bench, route);
    let proof = greeter.prove(&challenge).expect("it has credentials");
    bench.say_bytes(route, &proof, Vec::new());
    assert!(matches!(bench.heard_on(route).as_slice(), [Sent::Welcome(_)]));
}

#[test]
fn of_several_hellos_with_nonces_of_their_own_the_last_counts() {
    let mut bench = guarded();
    let route = bench.connect();
    let mut greeters = [1, 2, 3].map(|seed| greeter_with(ROLE_WORKER, "w", seed));
    for greeter in &mut greeters {
        let hello = greeter.hello();
        bench.say_bytes(route, &hello, Vec::new());
    }
    let heard = bench.heard_on(route);
    assert_eq!(heard.len(), 3);
    for (greeter, sent) in greeters.iter_mut().zip(&heard) {
        let Sent::Challenge { frame } = sent else { panic!("{sent:?}") };
        let proof = greeter.prove(frame).expect("it has credentials");
        bench.say_bytes(route, &proof, Vec::new());
    }
    let heard = bench.heard_on(route);
    assert!(matches!(heard.as_slice(), [Sent::Welcome(_)]), "the last of its proofs is right: {heard:?}");
}

#[test]
fn a_connection_that_only_seemed_to_be_gone_may_answer_the_challenge_that_it_had() {
    for (challenges, before_hello) in [(1, 0), (1, 1), (3, 0), (3, 1), (3, 2)] {
        let mut bench = guarded();
        let route = bench.connect();
        let mut early = Vec::new();
        for seed in 1..=challenges {
            let mut greeter = greeter_with(ROLE_WORKER, "w", seed);
            bench.say_bytes(route, &greeter.hello(), Vec::new());
            let challenge = challenge(&mut bench, route);
            early.push(greeter.prove(&challenge).expect("it has credentials"));
        }
        bench.event(Event::Ended { route });
        for proof in early.drain(..before_hello) {
            bench.say_bytes(route, &proof, Vec::new());
            assert_unasked(&bench.heard_on(route)[0]);
        }
        let mut greeter = greeter_with(ROLE_WORKER, "w", 9);
        bench.say_bytes(route, &greeter.hello(), Vec::new());
        let challenge = challenge(&mut bench, route);
        for proof in early {
            bench.say_bytes(route, &proof, Vec::new());
        }
        assert_eq!(bench.heard_on(route), [], "a proof of what was asked before is not wrong");
        let proof = greeter.prove(&challenge).expect("it has credentials");
        bench.say_bytes(route, &proof, Vec::new());
        assert!(matches!(bench.heard_on(route).as_slice(), [Sent::Welcome(_)]));
    }
}

#[test]
fn a_challenge_is_as_good_after_a_pause_of_the_master_as_before_it() {
    let mut bench = guarded();
    let route = bench.connect();
    let mut greeter = greeter(ROLE_CLIENT, "c");
    bench.say_bytes(route, &greeter.hello(), Vec::new());
    let challenge = challenge(&mut bench, route);
    let proof = greeter.prove(&challenge).expect("it has credentials");
    bench.stand_still(60_000);
    bench.pass(1);
    bench.say_bytes(route, &greeter.hello(), Vec::new());
    bench.say_bytes(route, &proof, Vec::new());
    assert!(matches!(bench.heard_on(route).as_slice(), [Sent::Welcome(_)]));
}

#[test]
fn many_handshakes_allow_no_more_wrong_proofs_than_there_were_challenges() {
    let mut bench = guarded();
    let route = bench.connect();
    let mut proofs = Vec::new();
    for seed in 1..=3 {
        let mut greeter = greeter_with(ROLE_WORKER, "x", seed);
        let hello = greeter.hello();
        bench.say_bytes(route, &hello, Vec::new());
        let challenge = challenge(&mut bench, route);
        proofs.push(greeter.prove(&challenge).expect("it has credentials"));
    }
    bench.say_bytes(route, &proofs[0], Vec::new());
    bench.say_bytes(route, &proofs[1], Vec::new());
    assert_eq!(bench.heard_on(route), []);
    bench.say_bytes(route, &proofs[2], Vec::new());
    assert_refused(&bench.heard_on(route)[0]);
}

#[test]
fn a_challenge_that_is_not_answered_in_time_is_forgotten() {
    let mut bench = guarded();
    let route = bench.connect();
    let mut greeter = greeter(ROLE_WORKER, "w");
    let hello = greeter.hello();
    bench.say_bytes(route, &hello, Vec::new());
    let challenge = challenge(&mut bench, route);
    bench.pass(6000);
    let proof = greeter.prove(&challenge).expect("it has credentials");
    bench.say_bytes(route, &proof, Vec::new());
    assert_unasked(&bench.heard_on(route)[0]);
}

#[test]
fn of_too_many_handshakes_the_oldest_is_forgotten() {
    let mut bench = guarded();
    let route = bench.connect();
    let mut greeter = greeter(ROLE_WORKER, "w");
    let hello = greeter.hello();
    bench.say_bytes(route, &hello, Vec::new());
    let challenge = challenge(&mut bench, route);
    for _ in 0..4096 {
        let other = bench.connect();
        bench.hello(other, ROLE_WORKER);
    }
    let proof = greeter.prove(&challenge).expect("it has credentials");
    bench.say_bytes(route, &proof, Vec::new());
    assert_unasked(&bench.heard_on(route)[0]);
}

#[test]
fn one_connection_that_begins_many_handshakes_takes_no_room_from_others() {
    let mut bench = guarded();
    let (route, greedy) = (bench.connect(), bench.connect());
    let mut greeter = greeter(ROLE_WORKER, "w");
    let hello = greeter.hello();
    bench.say_bytes(route, &hello, Vec::new());
    let challenge = challenge(&mut bench, route);
    for _ in 0..5000 {
        bench.hello(greedy, ROLE_WORKER);
    }
    let proof = greeter.prove(&challenge).expect("it has credentials");
    bench.say_bytes(route, &proof, Vec::new());
    assert!(matches!(bench.heard_on(route).as_slice(), [Sent::Welcome(_)]));
}

#[test]
fn a_proof_that_nobody_asked_for_is_refused() {
    let mut bench = Bench::new();
    let client = bench.client();
    bench.say(client.route, Proof { mac: Bytes(&[1; 32]) });
    assert_unasked(&bench.heard(client)[0]);
    bench.execute(client, 1, "sign");
    assert_eq!(bench.heard(client), [], "its session goes on");
}

#[test]
fn there_must_be_room_for_who_has_proved_itself() {
    let mut bench = Bench::with(|settings| {
        settings.clients_max = 0;
        settings.secrets = SharedSecrets { workers: Vec::new(), clients: vec![secret("c")] };
    });
    let route = bench.connect();
    let answer = shake_hands(&mut bench, route, &mut greeter(ROLE_CLIENT, "c"));
    let Sent::Reject(refusal) = answer else { panic!("{answer:?}") };
    assert_eq!((refusal.of(Kind::Hello), refusal.retry_after_ms), ("clients_max", Some(1000)));
}

#[test]
fn a_hello_that_is_too_long_to_be_kept_is_refused() {
    let mut bench = guarded();
    let route = bench.connect();
    let mut hello = Message::from(hello(ROLE_CLIENT)).encode();
    // One more element, of a version to come.
    hello[0] += 1;
    hello.extend([0xc5, 0x08, 0x00]);
    hello.extend([0; 0x800]);
    bench.say_bytes(route, &hello, Vec::new());
    let heard = bench.heard_on(route);
    assert!(matches!(heard.as_slice(), [Sent::Reject(refusal)] if refusal.of(Kind::Hello) == "over_limit"));
}
