//! Shared memory with a peer that is hostile, or dies: nobody else notices it, and it is cut off by name. And who does not get
//! memory as it must be goes on over the socket.

mod stranger;
mod waking;

use bytes::Bytes;
use powerhose_harness::Draws;
use powerhose_wires::{Bounds, Dealer, Link as _, Listener as _, Received, Route, Router, Sharing};
use rustix::fs::SealFlags;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use stranger::{BYTES, BYTES_RECORD, FRONT_BYTES, HEAD, RING, RING_BYTES, Stranger, TAIL, memfd, offer};
use tempfile::TempDir;

const BOUNDS: Bounds =
    Bounds { frame_bytes_max: 1 << 20, frames_max: 8, message_bytes_max: 2 << 20, unsent_max: 100 };
/// Whatever a test waits for comes in much less.
const SOON: Duration = Duration::from_secs(20);
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// What a hostile peer does to the memory.
type Scribble = &'static dyn Fn(&Stranger);

/// A router, a dealer that talks with it, and where others may connect.
struct World {
    folder: TempDir,
    router: Router,
    friend: Dealer,
    friends_route: Route,
}

impl World {
    fn new() -> World {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("socket");
        let mut router = Router::sharing(BOUNDS, 10, Sharing::Offered).expect("a router");
        router.listen(path.as_path()).expect("a path of its own");
        let mut friend = Dealer::sharing(path.as_path(), BOUNDS, Sharing::Offered).expect("a dealer");
        let come = until("the friend", || {
            let _ = friend.receive(&mut Vec::new());
            let _ = friend.send(b"a friend", &[]);
            router.receive(&mut Vec::new())
        });
        World { folder, router, friend, friends_route: come.route }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Somebody who was sent memory, and uses it.
    fn stranger(&mut self) -> Stranger {
        let (path, router) = (self.path(), &mut self.router);
        let mut work = || while router.receive(&mut Vec::new()).is_some() {};
        let stranger = Stranger::connect(&path, &mut work).takes_it();
        // It is there as soon as it is sent.
        work();
        stranger
    }

    /// What comes of somebody other than the friend; None once its connection has ended.
    fn heard(&mut self) -> Option<(Received, Vec<Bytes>)> {
        let mut payloads = Vec::new();
        until("a message or an end", || {
            payloads.clear();
            match self.router.receive(&mut payloads) {
                Some(received) if received.route == self.friends_route => None,
                Some(received) => Some(Some((received, std::mem::take(&mut payloads)))),
                None if self.router.take_ended().any(|route| route != self.friends_route) => Some(None),
                None => {
                    self.router.sleep(Some(Duration::from_millis(5)));
                    None
                }
            }
        })
    }

    fn friend_is_served(&mut self) {
        self.router.send(self.friends_route, b"still here", &[]).expect("it is there");
        let told = until("an answer", || self.friend.receive(&mut Vec::new()));
        assert_eq!(told, "still here");
    }
}

fn until<T>(what: &str, mut step: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + SOON;
    loop {
        match step() {
            Some(found) => return found,
            None => assert!(Instant::now() < end, "waited in vain for {what}"),
        }
    }
}

#[test]
fn what_protocol_md_says_is_enough_to_talk() {
    let mut world = World::new();
    let mut stranger = world.stranger();
    let tail = stranger.write(b"\0\x05hello");
    stranger.put(TAIL, tail);
    stranger.wake();
    let (received, _) = world.heard().expect("a message");
    assert_eq!(received.header, "hello");
    world.router.send(received.route, b"welcome", &[]).expect("it is there");
    assert_eq!(stranger.word(FRONT_BYTES), BYTES_RECORD | 9);
    assert_eq!(stranger.word(0), 3, "it is published");
    drop(stranger);
    assert!(world.heard().is_none(), "its end");
}

#[test]
fn who_writes_what_cannot_be_is_cut_off() {
    let scribbles: [(&str, Scribble); 7] = [
        ("a position beyond the ring", &|stranger| stranger.put(TAIL, RING_BYTES / 8 + 1)),
        ("the last position of all", &|stranger| stranger.put(TAIL, u64::MAX)),
        ("no record", &|stranger| stranger.put(TAIL, 1)),
        ("a record without bytes", &|stranger| {
            stranger.put(RING, BYTES_RECORD);
            stranger.put(TAIL, 1);
        }),
        ("a record of more bytes than were written", &|stranger| {
            stranger.put(RING, BYTES_RECORD | 9);
            stranger.put(TAIL, 2);
        }),
        ("a record of more bytes than there are", &|stranger| {
            stranger.put(RING, BYTES_RECORD | u64::from(u32::MAX));
            stranger.put(TAIL, RING_BYTES / 8);
        }),
        ("a leap to nowhere", &|stranger| {
            stranger.put(RING, 2 << 32);
            stranger.put(TAIL, RING_BYTES / 8);
        }),
    ];
    for (what, scribble) in scribbles {
        let mut world = World::new();
        let mut stranger = world.stranger();
        scribble(&stranger);
        stranger.wake();
        assert!(world.heard().is_none(), "{what}");
        assert_eq!(world.router.refused(), 1, "{what}");
        world.friend_is_served();
    }
}

#[test]
fn who_claims_to_have_read_what_was_not_written_is_cut_off() {
    let mut world = World::new();
    let mut stranger = world.stranger();
    let tail = stranger.write(b"\0\x05hello");
    stranger.put(TAIL, tail);
    stranger.wake();
    let (received, _) = world.heard().expect("a message");
    stranger.put(HEAD, u64::MAX);
    let payload = Bytes::from(vec![0; 64 << 10]);
    let sent = |router: &mut Router| router.send(received.route, b"x", std::slice::from_ref(&payload));
    assert!((0..100).any(|_| sent(&mut world.router).is_err()));
    assert!(world.heard().is_none());
    world.friend_is_served();
}

#[test]
fn who_dies_while_it_writes_has_written_nothing() {
    let mut world = World::new();
    let stranger = world.stranger();
    let tail = stranger.write(b"\0\x05first");
    stranger.put(TAIL, tail);
    // The second is there, and was never published.
    stranger.put(RING + 8 * tail, BYTES_RECORD | 8);
    stranger.memory.sync_all().expect("it is memory");
    drop(stranger);
    assert_eq!(world.heard().expect("what was published").0.header, "first");
    assert!(world.heard().is_none(), "then the end");
    world.friend_is_served();
}

#[test]
fn who_never_reads_is_given_up() {
    let mut world = World::new();
    let mut stranger = world.stranger();
    let tail = stranger.write(b"\0\x05hello");
    stranger.put(TAIL, tail);
    stranger.wake();
    let (received, _) = world.heard().expect("a message");
    let payload = Bytes::from(vec![0; 64 << 10]);
    let sent = |router: &mut Router| router.send(received.route, b"x", std::slice::from_ref(&payload));
    let refused = (0..10 * BOUNDS.unsent_max).any(|_| sent(&mut world.router).is_err());
    assert!(refused, "what waits has no bound");
    world.friend_is_served();
}

#[test]
fn who_goes_on_over_the_socket_behind_its_word_is_cut_off() {
    let mut world = World::new();
    let (path, router) = (world.path(), &mut world.router);
    let mut stranger = Stranger::connect(&path, || while router.receive(&mut Vec::new()).is_some() {});
    stranger.stream.write_all(b"\x04\x08\x06MEMORY\x01\0\x05hello").expect("somebody listens");
    assert!(world.heard().is_none());
    world.friend_is_served();
}

#[test]
fn who_refuses_memory_goes_on_over_the_socket() {
    let mut world = World::new();
    let (path, router) = (world.path(), &mut world.router);
    let mut stranger = Stranger::connect(&path, || while router.receive(&mut Vec::new()).is_some() {});
    stranger.stream.write_all(b"\x04\x08\x06MEMORY\0\0\x05hello").expect("somebody listens");
    let (received, _) = world.heard().expect("a message");
    assert_eq!(received.header, "hello");
    world.router.send(received.route, b"welcome", &[]).expect("it is there");
    let mut answer = [0; 9];
    stranger.stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"\0\x07welcome");
}

/// Whatever words a peer writes wherever: it hears of it alone.
#[test]
fn nobody_notices_who_scribbles_anything_anywhere() {
    for seed in 0..40 {
        let mut draws = Draws::new(seed);
        let mut world = World::new();
        let mut stranger = world.stranger();
        let tail = stranger.write(b"\0\x05hello");
        stranger.put(TAIL, tail);
        stranger.wake();
        let (received, _) = world.heard().expect("a message");
        for _ in 0..200 {
            let place = match draws.below(3) {
                0 => 128 * draws.below(8),
                1 => RING + 8 * draws.below(64),
                _ => 8 * draws.below(BYTES / 8),
            };
            let word = match draws.below(3) {
                0 => draws.below(100),
                1 => draws.below(4) << 32 | draws.below(100),
                _ => draws.below(u64::MAX),
            };
            stranger.put(place, word);
            if draws.below(4) == 0 {
                stranger.wake();
            }
            let _ = world.router.send(received.route, b"something", &[Bytes::from(vec![1; 1000])]);
            while world.router.receive(&mut Vec::new()).is_some() {}
        }
        world.friend_is_served();
    }
}

#[test]
fn memory_is_refused_that_is_not_as_it_must_be() {
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let refused = [
        ("not sealed", Some(memfd(BYTES, SealFlags::empty()))),
        ("half sealed", Some(memfd(BYTES, SealFlags::GROW))),
        ("too small", Some(memfd(BYTES - 4096, SEALS))),
        ("empty", Some(memfd(0, SEALS))),
        ("too large", Some(memfd(BYTES + 4096, SEALS))),
        ("not to be written", Some(memfd(BYTES, SEALS | SealFlags::WRITE))),
        ("a pipe", Some(reader.into())),
        ("none", None),
    ];
    for (what, memory) in refused {
        assert_eq!(answer_to(memory), 0, "{what}");
    }
    assert_eq!(answer_to(Some(memfd(BYTES, SEALS))), 1);
}

/// What a dealer answers to such memory. Refused, it talks over the socket.
fn answer_to(memory: Option<std::os::fd::OwnedFd>) -> u8 {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).expect("a path of its own");
    let mut dealer = Dealer::sharing(path.as_path(), BOUNDS, Sharing::Offered).expect("a dealer");
    let (mut stream, answer) = offer(&listener, memory, || {
        until("a connection", || {
            assert!(dealer.receive(&mut Vec::new()).is_none());
            dealer.is_connected().then_some(())
        });
    });
    if answer == 0 {
        dealer.send(b"hello", &[]).expect("it is connected");
        let mut hello = [0; 7];
        stream.read_exact(&mut hello).expect("a message");
        assert_eq!(&hello, b"\0\x05hello");
    }
    answer
}
