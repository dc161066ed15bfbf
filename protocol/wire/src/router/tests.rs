use super::*;
use crate::zmtp::opening;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
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
        router.listen(&folder.path().join("socket")).expect("a path of its own");
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
fn a_silent_peer_is_asked_three_times_and_cut_off() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer));
    assert_eq!(bench.tick(), 0, "it has just spoken");
    let ended: Vec<_> = (0..4).map(|_| bench.tick()).collect();
    assert_eq!(ended, [0, 0, 0, 1]);
    assert_eq!(read(&mut peer), [opening(Kind::Router), zmtp::ping().repeat(3)].concat());
}

#[test]
fn a_peer_that_answers_stays() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer));
    for _ in 0..20 {
        assert_eq!(bench.tick(), 0);
        if read(&mut peer).ends_with(&zmtp::ping()) {
            peer.write_all(b"\x04\x05\x04PONG").expect("the router is there");
        }
    }
}

#[test]
fn a_peer_that_does_not_say_who_it_is_is_cut_off_after_half_a_minute() {
    let mut bench = Bench::new();
    let mut peer = bench.peer(&opening(Kind::Dealer)[..20]);
    let ended: Vec<_> = (0..GREETING_TICKS).map(|_| bench.tick()).collect();
    assert_eq!(ended.iter().position(|ended| *ended > 0), Some(29));
    assert_eq!(read(&mut peer), opening(Kind::Router));
}

#[test]
fn what_nobody_sends_to_any_more_does_not_stay() {
    let mut bench = Bench::new();
    let peer = bench.peer(&opening(Kind::Dealer));
    let route = Route(token(bench.router.connections.keys().next().expect("one")));
    peer.shutdown(std::net::Shutdown::Read).expect("a socket");
    assert_eq!(bench.router.send(route, b"header", &[]), Err(Gone));
    assert_eq!(bench.tick(), 1);
}

#[test]
fn whoever_comes_while_no_file_can_be_opened_is_accepted_later() {
    let mut bench = Bench::new();
    bench.router.rest(0);
    let _peer = bench.peer(&opening(Kind::Dealer));
    assert_eq!(bench.router.connections.len(), 0);
    bench.tick();
    bench.work();
    assert_eq!(bench.router.connections.len(), 1);
}

#[test]
fn no_time_passes_for_a_router_without_peers() {
    let mut bench = Bench::new();
    assert!(!bench.router.timer_runs);
    let peer = bench.peer(&opening(Kind::Dealer));
    assert!(bench.router.timer_runs);
    drop(peer);
    assert_eq!(bench.tick(), 1);
    assert!(!bench.router.timer_runs);
}
