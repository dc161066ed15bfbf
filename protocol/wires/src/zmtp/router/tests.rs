use super::*;
use crate::Listener as _;
use crate::zmtp::format::{self, Kind, opening};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Instant;
use tempfile::TempDir;

const BOUNDS: Bounds =
    Bounds { frame_bytes_max: 1 << 20, frames_max: 8, message_bytes_max: 1 << 20, unsent_max: 10 };

/// A router whose seconds pass when the test says so.
struct Bench {
    router: Router,
    folder: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let folder = TempDir::new().expect("a temporary folder");
        let mut router = Router::new(BOUNDS, 10).expect("a router");
        router.listen(folder.path().join("socket").as_path()).expect("a path of its own");
        Bench { router, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn peer(&mut self, says: &[u8]) -> UnixStream {
        let mut stream = UnixStream::connect(self.path()).expect("somebody listens");
        stream.write_all(says).expect("somebody listens");
        stream.set_nonblocking(true).expect("a socket");
        self.work();
        stream
    }

    fn work(&mut self) {
        assert_eq!(self.router.receive(&mut Vec::new()), None);
    }

    /// A second passes. How many connections ended.
    fn tick(&mut self) -> usize {
        self.work();
        self.router.tick();
        self.router.take_ended().count()
    }
}

/// All that has arrived.
fn read(stream: &mut UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[test]
fn the_end_of_a_peer_ends_a_look_so_that_whoever_calls_hears_of_it_first() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    peer.write_all(b"\0\x04last").expect("the router reads");
    drop(peer);
    let received = bench.router.receive(&mut Vec::new()).expect("it came before the end");
    assert_eq!(&*received.header, b"last");
    bench.work();
    assert!(bench.router.has_more(), "its end is to be told");
    assert_eq!(bench.router.take_ended().collect::<Vec<_>>(), [received.route]);
    assert!(!bench.router.has_more(), "nothing else is there to be looked at");
}

#[test]
fn a_silent_peer_is_asked_three_times_and_cut_off() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    assert_eq!(bench.tick(), 0, "it has just spoken");
    let ended: Vec<_> = (0..4).map(|_| bench.tick()).collect();
    assert_eq!(ended, [0, 0, 0, 1]);
    assert_eq!(read(&mut peer), [opening(Kind::Router, Sharing::Off), format::ping().repeat(3)].concat());
}

#[test]
fn a_peer_that_answers_stays() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    for _ in 0..20 {
        assert_eq!(bench.tick(), 0);
        if read(&mut peer).ends_with(&format::ping()) {
            peer.write_all(b"\x04\x05\x04PONG").expect("the router is there");
        }
    }
}

#[test]
fn a_peer_that_knows_no_ping_is_sent_none_and_may_be_silent() {
    let mut bench = Bench::new();
    let mut greeting = opening(Kind::Dealer, Sharing::Off);
    greeting[11] = 0;
    let mut peer = bench.peer(&greeting);
    for _ in 0..100 {
        assert_eq!(bench.tick(), 0);
    }
    assert_eq!(read(&mut peer), opening(Kind::Router, Sharing::Off));
}

#[test]
fn a_peer_that_wants_to_be_cut_off_earlier_is() {
    // Within a second, within a minute, of a version that knows PING and one that does not.
    for (units, minor, ticks) in [(10, 1, 2), (600, 1, 4), (10, 0, 2), (600, 0, 61)] {
        let mut bench = Bench::new();
        let mut greeting = opening(Kind::Dealer, Sharing::Off);
        greeting[11] = minor;
        let [high, low] = u16::to_be_bytes(units);
        let mut peer = bench.peer(&[&greeting[..], b"\x04\x07\x04PING", &[high, low]].concat());
        assert_eq!(bench.tick(), 0, "it has just spoken");
        let ended: Vec<_> = (0..ticks).map(|_| bench.tick()).collect();
        assert_eq!(ended.iter().position(|ended| *ended > 0), Some(ticks - 1), "{units} {minor}");
        assert!(read(&mut peer).ends_with(&format::ping()) == (minor == 1));
    }
}

#[test]
fn a_peer_that_does_not_say_who_it_is_is_cut_off_after_half_a_minute() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer, Sharing::Off)[..20]);
    let ended: Vec<_> = (0..peer::GREETING_TICKS).map(|_| bench.tick()).collect();
    assert_eq!(ended.iter().position(|ended| *ended > 0), Some(29));
    assert_eq!(read(&mut peer), opening(Kind::Router, Sharing::Off));
}

#[test]
fn what_nobody_sends_to_any_more_does_not_stay() {
    let mut bench = Bench::new();
    let peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    let route = route_of(bench.router.connections.keys().next().expect("one"));
    peer.shutdown(std::net::Shutdown::Read).expect("a socket");
    for _ in 0..2 {
        assert_eq!(bench.router.send(route, b"header", &[]), Err(Gone));
    }
    assert_eq!([bench.tick(), bench.tick()], [0, 1], "first it may say its last");
}

#[test]
fn a_peer_that_broke_while_something_waited_for_it_keeps_nobody_awake() {
    let mut bench = Bench::new();
    let peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    let route = route_of(bench.router.connections.keys().next().expect("one"));
    assert_eq!(bench.router.send(route, b"header", &[Bytes::from(vec![0; 3 << 20])]), Ok(()));
    peer.shutdown(std::net::Shutdown::Read).expect("a socket");
    bench.work();
    assert!(!bench.router.has_more());
    assert_eq!(bench.router.poller.look(Some(Duration::ZERO)), Told::default());
    assert!(!bench.router.poller.has_seen());
}

/// Lets a socket of libzmq's come here, and says why it is refused.
fn refuse(kind: zmq::SocketType, change: impl FnOnce(&zmq::Socket)) -> String {
    let mut bench = Bench::new();
    let socket = zmq::Context::new().socket(kind).expect("a socket");
    socket.set_linger(0).expect("an option");
    change(&socket);
    socket.connect(&format!("ipc://{}", bench.path().display())).expect("an endpoint");
    let end = Instant::now() + Duration::from_secs(20);
    while bench.router.refused() == 0 {
        assert!(Instant::now() < end, "{kind:?} is not refused");
        bench.router.sleep(Some(Duration::from_millis(10)));
        bench.work();
        bench.router.take_ended().for_each(drop);
    }
    bench.router.refusals.last().to_owned()
}

#[test]
fn who_is_refused_leaves_the_reason() {
    let is = |last: String, reason: &str| {
        let expected = format!("process {}: {reason}", std::process::id());
        assert_eq!(last, expected);
    };
    for (kind, name) in
        [(zmq::PUSH, "PUSH"), (zmq::SUB, "SUB"), (zmq::PAIR, "PAIR"), (zmq::REP, "REP"), (zmq::PUB, "PUB")]
    {
        is(refuse(kind, |_| {}), &format!("its socket ({name}) does not go with a ROUTER"));
    }
    let plain = refuse(zmq::DEALER, |socket| {
        socket.set_plain_username(Some("name")).expect("an option");
        socket.set_plain_password(Some("password")).expect("an option");
    });
    is(plain, "it wants the mechanism PLAIN, and here is only NULL: no encryption, no passwords");
}

#[test]
fn who_leaves_before_it_has_said_ready_is_counted_and_who_only_looks_is_not() {
    let mut bench = Bench::new();
    drop(bench.peer(b""));
    bench.work();
    assert_eq!((bench.router.take_ended().count(), bench.router.refused()), (1, 0));
    for (greeting, reason) in [
        (&opening(Kind::Dealer, Sharing::Off)[..10], "it left before it had said READY"),
        (&opening(Kind::Dealer, Sharing::Off)[..64], "it left before it had said READY"),
        (b"GET / HTTP/1.1", "it does not speak ZMTP, or version 1"),
        (
            b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05",
            "it speaks version 2 of ZMTP, and versions from 3 are understood",
        ),
    ] {
        let before = bench.router.refused();
        drop(bench.peer(greeting));
        bench.work();
        assert_eq!(bench.router.take_ended().count(), 1);
        assert_eq!(bench.router.refused(), before + 1);
        assert!(bench.router.refusals.last().ends_with(reason), "{}", bench.router.refusals.last());
    }
}

#[test]
fn greeting_and_ready_are_sent_once_the_peers_have_come_or_a_second_later() {
    let whole = opening(Kind::Router, Sharing::Off);
    for (said, heard) in [(12, format::VERSION_BYTES), (64, 64)] {
        let mut bench = Bench::new();
        let mut peer = bench.peer(&opening(Kind::Dealer, Sharing::Off)[..said]);
        assert_eq!(read(&mut peer), whole[..heard]);
        peer.write_all(&opening(Kind::Dealer, Sharing::Off)[said..]).expect("the router is there");
        bench.work();
        assert_eq!(read(&mut peer), whole[heard..]);
        let mut waiting = bench.peer(&opening(Kind::Dealer, Sharing::Off)[..said]);
        assert_eq!(read(&mut waiting), whole[..heard]);
        bench.tick();
        assert_eq!(read(&mut waiting), whole[heard..]);
    }
}

#[test]
fn of_many_pings_that_come_together_few_are_answered() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    read(&mut peer);
    peer.write_all(&format::ping().repeat(1000)).expect("the router is there");
    bench.work();
    let answers = read(&mut peer).len() / b"\x04\x05\x04PONG".len();
    assert!((1..=8).contains(&answers), "{answers}");
}

#[test]
fn what_one_peer_left_unfinished_is_not_read_as_anothers() {
    let mut bench = Bench::new();
    let mut honest = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    let payload = vec![b'p'; 100_000];
    let mut message = Vec::new();
    for (more, frame) in [(true, &b"header"[..]), (false, &payload), (false, b"second")] {
        let length = frame.len() as u64;
        format::push_head(&mut message, format::Head { more, command: false, length });
        message.extend(frame);
    }
    let (begin, rest) = message.split_at(50_000);
    honest.write_all(begin).expect("the router is there");
    bench.work();
    let mut hostile = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    hostile.write_all(b"\x00\x10abc").expect("the router is there");
    bench.work();
    drop(hostile);
    bench.work();
    assert_eq!(bench.router.take_ended().count(), 1);
    honest.write_all(rest).expect("the router is there");
    let mut payloads = Vec::new();
    let mut next = || bench.router.receive(&mut payloads).map(|received| received.header);
    assert_eq!([next().as_deref(), next().as_deref()], [Some(&b"header"[..]), Some(b"second")]);
    assert!(payloads == [payload]);
}

#[test]
fn a_flood_without_messages_leaves_time_for_other_things() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    // Frames of one message, more than there may be.
    let frames = [1, 0].repeat(40_000);
    let (mut sent, mut calls) = (0, 0);
    while bench.router.take_ended().count() == 0 {
        sent += peer.write(&frames[sent..]).unwrap_or(0);
        assert_eq!(bench.router.receive(&mut Vec::new()), None, "it comes back, whatever the peer does");
        calls += 1;
        assert!(calls < 1000, "it was not cut off after {sent} bytes");
    }
}

#[test]
fn whoever_comes_while_no_file_can_be_opened_is_accepted_later() {
    let mut bench = Bench::new();
    bench.router.rest(0);
    let _peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    assert_eq!(bench.router.connections.len(), 0);
    bench.tick();
    bench.work();
    assert_eq!(bench.router.connections.len(), 1);
}

#[test]
fn no_time_passes_for_a_router_without_peers() {
    let mut bench = Bench::new();
    assert!(!bench.router.timer_runs);
    let peer = bench.peer(&opening(Kind::Dealer, Sharing::Off));
    assert!(bench.router.timer_runs);
    drop(peer);
    assert_eq!(bench.tick(), 1);
    assert!(!bench.router.timer_runs);
}

#[test]
fn nobody_is_let_in_by_a_copy_of_a_dropped_router() {
    let Bench { router, folder } = Bench::new();
    // As a child has it that is being started.
    let _copy = router.listeners[0].socket.try_clone().expect("a descriptor");
    drop(router);
    assert!(UnixStream::connect(folder.path().join("socket")).is_err());
}
