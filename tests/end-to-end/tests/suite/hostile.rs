//! Garbage on the master's socket is answered as the protocol says, counted, and logged at a limited rate; and nobody else
//! notices.

use crate::support::{
    EMBEDDED, OutsideMaster, Peer, REMOTE, Refusal, Scene, Setup, frames, heartbeat, hello, in_every_setup,
    job, until,
};
use powerhose::WorkerState;
use powerhose_protocol::{Abandon, Bye, Execute, Message, Quiet, Reject, Replies, Status};
use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

in_every_setup!(nobody_else_notices_a_flood_of_garbage);

fn refusal(kind: u64, code: &str) -> Refusal {
    Refusal { kind, reference: None, code: code.to_owned() }
}

fn refused(scene: &Scene) -> u64 {
    scene.master.stats().expect("the master is there").messages_refused
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/testdata/golden").join(name)
}

/// A golden message's frames: a line of hex digits each, `-` if empty.
fn golden_frames(name: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(golden(&format!("{name}.hex"))).expect("it is in the index");
    let byte = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).expect("hex digits");
        u8::from_str_radix(digits, 16).expect("hex digits")
    };
    text.lines().map(|line| line.trim_matches('-').as_bytes().chunks(2).map(byte).collect()).collect()
}

#[test]
fn every_message_that_cannot_be_read_is_refused_with_its_code_and_counted() {
    let scene = EMBEDDED.workers(1).start();
    let index = fs::read_to_string(golden("index.json")).expect("the golden messages are there");
    let index: Vec<serde_json::Value> = serde_json::from_str(&index).expect("it is JSON");
    let bad = index.iter().filter_map(|entry| Some((entry["name"].as_str()?, entry["code"].as_str()?)));
    let mut count = 0;
    for (name, code) in bad {
        let peer = Peer::connect(&scene.endpoint);
        peer.send(&golden_frames(name));
        let refusal = if code == "empty_header" { peer.delimited_refusal() } else { peer.refusal() };
        assert_eq!(refusal.code, code, "{name}");
        count += 1;
        assert_eq!(refused(&scene), count, "{name}");
        // In any state: after it, the peer can begin like every other.
        peer.hello("client");
    }
    assert!(count >= 40, "{count}");
    assert_eq!(scene.runner.execute("next"), Ok(b"next".to_vec()));
}

#[test]
fn a_req_socket_is_told_that_its_first_frame_is_empty() {
    let scene = EMBEDDED.workers(0).start();
    let peer = Peer::connect_as(&scene.endpoint, zmq::REQ, |_| {});
    peer.say(hello("client"), &[]);
    // It takes the empty frame off that the answer begins with, and would drop one without it.
    match peer.receive().message() {
        Message::Reject(Reject { kind: 0, code: "empty_header", text, .. }) => {
            for advice in ["REQ", "AUTO_DELIMITER", "ZMQ_PROBE_ROUTER"] {
                assert!(text.contains(advice), "{text}");
            }
        }
        other => panic!("{other:?} instead of REJECT"),
    }
    let dealer = Peer::connect(&scene.endpoint);
    dealer.send(&frames([b"", &Message::from(hello("client")).encode()]));
    assert_eq!(dealer.delimited_refusal(), refusal(0, "empty_header"));
    assert_eq!(refused(&scene), 2);
    dealer.hello("client");
}

#[test]
fn the_probe_of_a_router_is_ignored_and_later_empty_messages_are_not() {
    let scene = EMBEDDED.workers(0).start();
    let probe = |socket: &zmq::Socket| socket.set_probe_router(true).expect("an option");
    let peer = Peer::connect_as(&scene.endpoint, zmq::DEALER, probe);
    peer.hello("client");
    assert_eq!(refused(&scene), 0);
    peer.send(&frames([b""]));
    assert_eq!(peer.delimited_refusal(), refusal(0, "empty_header"));
    assert_eq!(refused(&scene), 1);
}

#[test]
fn a_peer_that_sets_its_identity_is_refused() {
    let scene = EMBEDDED.workers(0).start();
    let change = |socket: &zmq::Socket| socket.set_identity(b"worker-1").expect("an option");
    let peer = Peer::connect_as(&scene.endpoint, zmq::DEALER, change);
    peer.say(hello("worker"), &[]);
    assert_eq!(peer.refusal(), refusal(1, "identity"));
    // With a probe in front, too.
    let change = |socket: &zmq::Socket| {
        socket.set_identity(b"worker-2").and_then(|()| socket.set_probe_router(true)).expect("options");
    };
    let peer = Peer::connect_as(&scene.endpoint, zmq::DEALER, change);
    peer.say(hello("worker"), &[]);
    assert_eq!(peer.refusal(), refusal(1, "identity"));
    assert_eq!(scene.master.stats().expect("the master is there").peers_refused, 2);
}

#[test]
fn peers_that_the_wire_refuses_are_counted() {
    let scene = EMBEDDED.workers(0).start();
    let refused = || scene.master.stats().expect("the master is there").peers_refused;
    for (count, kind) in (1..).zip([zmq::PUSH, zmq::SUB, zmq::PAIR]) {
        let _peer = Peer::connect_as(&scene.endpoint, kind, |_| {});
        until("it is counted", || refused() == count);
    }
}

#[test]
fn a_foreign_version_is_refused_naming_those_that_are_spoken() {
    let scene = EMBEDDED.workers(0).start();
    let peer = Peer::connect(&scene.endpoint);
    let mut foreign = hello("worker");
    (foreign.version_min, foreign.version_max) = (2, 7);
    peer.say(foreign, &[]);
    match peer.receive().message() {
        Message::Reject(reject) => {
            assert_eq!((reject.kind, reject.code, reject.retry_after_ms), (1, "version", None));
            assert!(reject.text.contains("versions 1 to 1"), "{}", reject.text);
        }
        other => panic!("{other:?} instead of REJECT"),
    }
    // One that also speaks ours is welcome, whatever else it speaks.
    let mut newer = hello("worker");
    newer.version_max = 7;
    peer.say(newer, &[]);
    assert!(matches!(peer.receive().message(), Message::Welcome(welcome) if welcome.version == 1));
}

#[test]
fn a_role_that_does_not_exist_is_refused() {
    let scene = EMBEDDED.workers(0).start();
    let peer = Peer::connect(&scene.endpoint);
    peer.say(hello("broker"), &[]);
    assert_eq!(peer.refusal(), refusal(1, "role"));
}

#[test]
fn what_comes_without_a_session_or_with_another_is_answered_unknown() {
    let scene = EMBEDDED.workers(0).start();
    let foreign = || scene.master.stats().expect("the master is there").messages_foreign;
    let peer = Peer::connect(&scene.endpoint);
    peer.say(heartbeat(1), &[]);
    let epoch = peer.unknown();
    let session = peer.hello("client");
    assert_eq!(epoch, session.epoch);
    peer.say(heartbeat(session.session + 1), &[]);
    assert_eq!(peer.unknown(), epoch);
    assert_eq!(foreign(), 2);
    // Another connection cannot speak in this session either.
    let thief = Peer::connect(&scene.endpoint);
    thief.say(Bye { session: session.session, code: "leaving", text: "" }, &[]);
    assert_eq!(thief.unknown(), epoch);
    peer.settle(session.session);
}

#[test]
fn what_a_peer_may_not_say_in_its_role_is_refused_and_its_session_goes_on() {
    let scene = EMBEDDED.workers(0).start();
    let client = Peer::connect(&scene.endpoint);
    let session = client.hello("client").session;
    client.say(Quiet { session }, &[]);
    assert_eq!(client.refusal(), refusal(16, "not_yours"));
    client.register(session, &["default"]);
    assert_eq!(client.refusal(), refusal(10, "not_yours"));
    client.settle(session);
    let worker = Peer::connect(&scene.endpoint);
    let session = worker.hello("worker").session;
    // Not before it has registered.
    worker.say(Quiet { session }, &[]);
    assert_eq!(worker.refusal(), refusal(16, "not_yours"));
    worker.say(Abandon { session, calls: vec![1] }, &[]);
    assert_eq!(worker.refusal(), refusal(22, "not_yours"));
    worker.say(Status { session, query: "secrets" }, &[]);
    assert_eq!(worker.refusal(), refusal(30, "query"));
    worker.registered(session, &["default"]);
    assert_eq!(scene.infos()[0].pools, ["default"]);
    assert_eq!(refused(&scene), 5);
}

#[test]
fn a_wrong_number_of_frames_rejects_a_message_whole() {
    let scene = EMBEDDED.workers(1).start();
    let client = Peer::connect(&scene.endpoint);
    let session = client.hello("client").session;
    let calls = || Execute { session, calls: vec![crate::support::call(1), crate::support::call(2)] };
    for payloads in [&[][..], &[&b"one"[..]], &[b"one", b"two", b"3"]] {
        client.say(calls(), payloads);
        assert_eq!(client.refusal(), refusal(20, "frame_count"));
    }
    client.settle(session);
    assert_eq!(scene.master.stats().expect("the master is there").accepted, 0);
    client.say(calls(), &[b"one", b"two"]);
    let mut replies = Vec::new();
    while replies.len() < 2 {
        replies.extend(client.receive().payloads);
    }
    assert_eq!(replies, [b"one", b"two"]);
}

#[test]
fn replies_to_unknown_jobs_are_dropped_and_counted() {
    let scene = EMBEDDED.workers(1).start();
    let gate = scene.gate();
    let running = scene.runner.submit(gate.job());
    gate.wait_begun(1);
    let liar = Peer::connect(&scene.endpoint);
    let session = liar.hello("worker").session;
    liar.registered(session, &["other"]);
    // The id of a job that another worker runs, and one that nobody has.
    for (job, attempt) in [(running.id().expect("it has one"), 1), (powerhose::JobId::new(7, 9), 1)] {
        let replies = vec![crate::support::done(job, attempt)];
        liar.say(Replies { session, replies }, &[b"forged"]);
    }
    liar.settle(session);
    assert_eq!(scene.master.stats().expect("the master is there").replies_stray, 2);
    gate.open();
    assert_eq!(&*running.wait().expect("a reply"), b"1");
}

fn nobody_else_notices_a_flood_of_garbage(setup: Setup) {
    let scene = setup.workers(2).start();
    let worker_ids = || scene.infos().iter().map(|info| info.id).collect::<Vec<_>>();
    let before = worker_ids();
    for _ in 0..20 {
        let peer = Peer::connect(&scene.endpoint);
        let handles: Vec<_> =
            (0..20).map(|number: u32| (number, scene.runner.submit(number.to_string()))).collect();
        for size in [0, 1, 7, 100, 5000, 100_000] {
            let noise: Vec<u8> = (0..size).map(|place: usize| (place * 31 + size) as u8).collect();
            peer.send(&[noise.clone(), noise.clone(), Vec::new()]);
            peer.send(&[noise]);
        }
        // What a peer has not sent when it goes is never sent.
        for _ in 0..5 {
            peer.refusal();
        }
        for (number, handle) in handles {
            assert_eq!(&*handle.wait().expect("a reply"), number.to_string().as_bytes());
        }
    }
    assert_eq!(worker_ids(), before);
    scene.wait_for_state(WorkerState::Ready, 2);
    assert!(refused(&scene) >= 100, "{}", refused(&scene));
}

#[test]
fn a_header_that_claims_far_more_than_it_has_costs_nothing() {
    let scene = REMOTE.workers(1).start();
    let peer = Peer::connect(&scene.endpoint);
    // EXECUTE whose array of calls says it has 2^32 - 1 entries.
    peer.send(&frames([b"\x93\x14\x01\xdd\xff\xff\xff\xff"]));
    assert_eq!(peer.refusal(), refusal(0, "malformed"));
    peer.send(&[vec![0x91; 5 << 20]]);
    // A frame over the bound of headers may be cut off by the socket itself; the master goes on in any case.
    assert_eq!(scene.runner.execute(job("square", "9")), Ok(b"81".to_vec()));
}

#[test]
fn a_master_that_may_open_few_files_outlives_a_crowd() {
    // libzmq ends a process that has none left.
    let outside = OutsideMaster::start_with_files("512");
    let _worker = outside.worker(&[]);
    let runner = outside.client();
    outside.wait_for_workers(&runner, 1);
    let path = outside.endpoint.strip_prefix("ipc://").expect("it listens there");
    let crowd: Vec<UnixStream> = (0..1000).map(|_| UnixStream::connect(path).expect("it lives")).collect();
    // The last come too late, and are told by an end.
    let mut last = crowd.last().expect("there are many");
    while last.read(&mut [0; 64]).expect("it is ended in good order") > 0 {}
    assert_eq!(runner.execute("as before"), Ok(b"as before".to_vec()));
    assert!(outside.master.log().contains("there are too many connections"), "{}", outside.master.log());
    drop(crowd);
    assert_eq!(outside.client().execute("after it"), Ok(b"after it".to_vec()));
}

#[test]
fn what_is_refused_is_logged_at_a_limited_rate() {
    let outside = OutsideMaster::start(&[]);
    for _ in 0..10 {
        let peer = Peer::connect(&outside.endpoint);
        for _ in 0..20 {
            peer.send(&frames([b"garbage"]));
            assert_eq!(peer.refusal().code, "malformed");
        }
    }
    let lines = outside.master.log().lines().filter(|line| line.contains("refused a message")).count();
    assert!((1..=40).contains(&lines), "{lines} lines for 200 messages: {}", outside.master.log());
}
