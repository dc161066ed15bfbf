//! How a session begins: HELLO, WELCOME, and the reasons for a REJECT.

use super::harness::*;
use powerhose_protocol::*;

#[test]
fn a_hello_is_welcomed_with_a_session_a_number_and_the_bounds() {
    let mut bench = Bench::new();
    let route = bench.connect();
    bench.hello(route, ROLE_WORKER);
    let heard = bench.heard_on(route);
    let [Sent::Welcome(welcome)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((welcome.version, welcome.epoch, welcome.peer), (1, bench.desk.epoch(), 1));
    assert_ne!(welcome.session, 0);
    let settings = [
        ("payload_bytes_max", 64 << 20),
        ("batch_jobs_max", 64),
        ("batch_bytes_max", 256 << 10),
        ("heartbeat_ms", 1000),
        ("silence_ms", 5000),
        ("timeout_ms", 5000),
    ];
    assert_eq!(welcome.settings, settings.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn every_session_differs_and_numbers_count_up() {
    let mut bench = Bench::new();
    let peers: Vec<Peer> = (0..10).map(|_| bench.client()).collect();
    assert_eq!(peers.iter().map(|peer| peer.number).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    let mut sessions: Vec<u64> = peers.iter().map(|peer| peer.session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    assert_eq!(sessions.len(), 10);
}

#[test]
fn a_hello_that_was_said_again_is_answered_with_the_same_session_until_something_is_said_in_it() {
    let mut bench = Bench::new();
    let route = bench.connect();
    let welcome = |bench: &mut Bench| {
        bench.hello(route, ROLE_CLIENT);
        match bench.heard_on(route).as_slice() {
            [Sent::Welcome(welcome)] => welcome.session,
            heard => panic!("{heard:?}"),
        }
    };
    let first = welcome(&mut bench);
    assert_eq!([welcome(&mut bench), welcome(&mut bench)], [first; 2]);
    bench.say(route, Heartbeat { session: first, sequence: 1, acknowledged: 0, sent_ms: 0 });
    assert!(bench.heard_on(route).is_empty(), "the session goes on");
    assert_ne!(welcome(&mut bench), first, "now it is another beginning");
    // Another HELLO is one at once.
    let before = welcome(&mut bench);
    bench.say(route, Hello { software: "another", ..hello(ROLE_CLIENT) });
    assert!(
        matches!(bench.heard_on(route).as_slice(), [Sent::Welcome(welcome)] if welcome.session != before)
    );
}

#[test]
fn the_highest_common_version_is_chosen_and_none_is_refused_with_those_there_are() {
    let mut bench = Bench::new();
    let route = bench.connect();
    bench.say(route, Hello { version_max: 7, ..hello(ROLE_WORKER) });
    assert!(matches!(bench.heard_on(route).as_slice(), [Sent::Welcome(welcome)] if welcome.version == 1));
    let other = bench.connect();
    bench.say(other, Hello { version_min: 2, version_max: 7, ..hello(ROLE_WORKER) });
    let heard = bench.heard_on(other);
    let [Sent::Reject(refusal)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((refusal.of(Kind::Hello), refusal.retry_after_ms), ("version", None));
    assert!(refusal.text.contains("1 to 1"), "{}", refusal.text);
}

#[test]
fn a_role_that_does_not_exist_is_refused() {
    let mut bench = Bench::new();
    let route = bench.connect();
    bench.hello(route, "broker");
    assert!(
        matches!(bench.heard_on(route).as_slice(), [Sent::Reject(refusal)] if refusal.of(Kind::Hello) == "role")
    );
}

#[test]
fn workers_and_clients_over_their_bound_are_refused_for_a_while() {
    let mut bench = Bench::with(|settings| (settings.workers_max, settings.clients_max) = (1, 2));
    let worker = bench.welcomed(ROLE_WORKER);
    let _clients = [bench.client(), bench.client()];
    // As many handshakes as there may be peers are a burst; then they are counted by the second.
    bench.pass(10);
    for (role, code) in [(ROLE_WORKER, "workers_max"), (ROLE_CLIENT, "clients_max")] {
        let route = bench.connect();
        bench.hello(route, role);
        let heard = bench.heard_on(route);
        let [Sent::Reject(refusal)] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!((refusal.of(Kind::Hello), refusal.retry_after_ms), (code, Some(1000)));
    }
    bench.say_bye(worker);
    bench.welcomed(ROLE_WORKER);
}

#[test]
fn another_hello_on_the_same_connection_replaces_the_session_even_when_there_is_no_room_for_another() {
    let mut bench = Bench::with(|settings| settings.clients_max = 1);
    let before = bench.client();
    bench.say(before.route, Heartbeat { session: before.session, sequence: 1, acknowledged: 0, sent_ms: 0 });
    let after = bench.hello_again(before.route, ROLE_CLIENT);
    assert_ne!(before.session, after.session);
    bench.execute(before, 1, "default");
    assert_eq!(bench.heard(before), [Sent::Unknown { epoch: bench.desk.epoch() }]);
    bench.execute(after, 1, "default");
    assert_eq!(bench.heard(after), []);
}

#[test]
fn another_hello_of_a_worker_gives_its_jobs_to_others_and_charges_the_first() {
    let mut bench = Bench::new();
    let before = bench.worker("sign");
    let call = bench.submit("sign");
    let first = bench.job(before);
    let after = bench.hello_again(before.route, ROLE_WORKER);
    bench.register(after, &offers(&["sign"]));
    let second = bench.job(after);
    assert_eq!((first.job, first.attempt), (second.job, 1));
    assert_eq!(second.attempt, 2);
    bench.answer_as(before, first.job, 1, Answer::default());
    assert!(!bench.has_ended(call), "a reply of the session before");
    bench.done(after, &second);
    assert!(bench.is_done(call));
}

#[test]
fn whatever_comes_without_a_session_or_with_a_foreign_one_is_answered_unknown() {
    let mut bench = Bench::new();
    let unknown = Sent::Unknown { epoch: bench.desk.epoch() };
    let nobody = Peer { route: bench.connect(), session: 77, number: 0 };
    bench.execute(nobody, 1, "default");
    bench.beat(nobody);
    assert_eq!(bench.heard(nobody), [unknown.clone(), unknown.clone()]);
    let client = bench.client();
    bench.execute(Peer { session: client.session + 1, ..client }, 1, "default");
    assert_eq!(bench.heard(client), [unknown]);
    assert_eq!(bench.desk.stats().messages_foreign, 3);
    assert_eq!(bench.desk.stats().accepted, 0);
}
