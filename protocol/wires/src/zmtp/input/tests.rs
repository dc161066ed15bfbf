use super::*;
use crate::Sharing;
use proptest::prelude::*;

const BOUNDS: Bounds =
    Bounds { frame_bytes_max: 1 << 20, frames_max: 8, message_bytes_max: 2 << 20, unsent_max: 1 };

type Message = Vec<Vec<u8>>;

/// Feeds an input as a socket would.
struct Peer {
    input: Input,
    chunk: Chunk,
    came: Vec<Came>,
    messages: Vec<Message>,
}

impl Peer {
    fn new() -> Peer {
        let input = Input::new(Kind::Router, BOUNDS, Buffers::default());
        Peer { input, chunk: Chunk::new(), came: Vec::new(), messages: Vec::new() }
    }

    /// One that has said READY.
    fn open() -> Peer {
        let mut peer = Peer::new();
        peer.feed(&format::opening(Kind::Dealer, Sharing::Off)).expect("it is well-formed");
        assert_eq!(std::mem::take(&mut peer.came), [Came::Opened]);
        peer
    }

    /// As much as is read at once.
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.input.room(&mut self.chunk).extend_from_slice(bytes);
        self.input.has_read(&mut self.chunk);
        let mut payloads = Vec::new();
        while let Some(came) = self.input.next(&mut self.chunk, &mut payloads)? {
            match came {
                Came::Message(header) => {
                    let frames = [header].into_iter().chain(payloads.drain(..));
                    self.messages.push(frames.map(Vec::from).collect());
                }
                Came::Greeted => {}
                other => self.came.push(other),
            }
        }
        assert!(payloads.is_empty() && self.chunk.unused().is_empty());
        Ok(())
    }
}

fn written(messages: &[Message]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        for (place, frame) in message.iter().enumerate() {
            let head = Head { more: place + 1 < message.len(), command: false, length: frame.len() as u64 };
            format::push_head(&mut bytes, head);
            bytes.extend(frame);
        }
    }
    bytes
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![0..300usize, 16_000..17_000usize, 60_000..150_000usize];
    (length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length])
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..12usize, 100..70_000usize], 1..20)
}

/// In pieces of these sizes, again and again.
fn cut<'a>(mut bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    sizes.iter().cycle().map_while(move |size| {
        let (piece, rest) = bytes.split_at(bytes.len().min(*size));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_come_whole_however_they_are_cut(
        messages in prop::collection::vec(prop::collection::vec(frame(), 1..5), 1..6),
        sizes in cuts(),
    ) {
        let mut peer = Peer::new();
        let mut bytes = format::opening(Kind::Dealer, Sharing::Off);
        bytes.extend(written(&messages));
        for piece in cut(&bytes, &sizes) {
            peer.feed(piece).expect("it is well-formed");
        }
        prop_assert_eq!(&peer.came, &[Came::Opened]);
        prop_assert!(peer.messages == messages);
    }

    #[test]
    fn whatever_comes_is_read_or_refused(
        garbage in prop::collection::vec(any::<u8>(), 0..4000),
        open in any::<bool>(),
        sizes in cuts(),
    ) {
        let mut peer = if open { Peer::open() } else { Peer::new() };
        for piece in cut(&garbage, &sizes) {
            if peer.feed(piece).is_err() {
                break;
            }
        }
        prop_assert!(peer.messages.iter().flatten().map(Vec::len).sum::<usize>() <= garbage.len());
    }
}

#[test]
fn the_begin_of_a_message_is_kept_until_the_rest_comes() {
    let mut peer = Peer::open();
    let message = vec![b"header".to_vec(), vec![b'x'; 50_000], b"last".to_vec()];
    let bytes = written(std::slice::from_ref(&message));
    for byte in &bytes[..bytes.len() - 1] {
        peer.feed(&[*byte]).expect("it is well-formed");
        assert!(peer.messages.is_empty());
    }
    peer.feed(&bytes[bytes.len() - 1..]).expect("it is well-formed");
    assert_eq!(peer.messages, [message]);
}

#[test]
fn what_was_read_beyond_a_large_frame_is_not_lost() {
    let mut peer = Peer::open();
    let messages = [vec![vec![b'x'; 100_000]], vec![b"next".to_vec()]];
    let bytes = written(&messages);
    let (begin, rest) = bytes.split_at(20_000);
    peer.feed(begin).expect("it is well-formed");
    peer.feed(rest).expect("it is well-formed");
    assert_eq!(peer.messages, messages);
}

#[test]
fn a_frame_over_its_bound_is_refused_before_it_has_come() {
    let mut head = Vec::new();
    let bytes = BOUNDS.frame_bytes_max + 1;
    format::push_head(&mut head, Head { more: false, command: false, length: bytes });
    let refused = Err(Violation::FrameTooLong { bytes, max: BOUNDS.frame_bytes_max });
    assert_eq!(Peer::open().feed(&head), refused);
}

#[test]
fn a_message_over_its_bound_is_refused() {
    let frame = vec![0; BOUNDS.frame_bytes_max as usize - FRAME_BYTES as usize];
    let fits = vec![frame.clone(), frame.clone()];
    assert_eq!(Peer::open().feed(&written(&[fits.clone(), fits])), Ok(()));
    let over = written(&[vec![frame.clone(), frame, vec![0]]]);
    assert_eq!(Peer::open().feed(&over), Err(Violation::MessageTooLong { max: BOUNDS.message_bytes_max }));
}

#[test]
fn frames_that_are_too_many_are_dropped() {
    let mut peer = Peer::open();
    let many = vec![vec![b'x'; 1 << 10]; 8 + 40];
    let next = vec![b"next".to_vec()];
    assert_eq!(peer.feed(&written(&[many])), Ok(()));
    assert_eq!(peer.feed(&written(std::slice::from_ref(&next))), Ok(()));
    let [first, second] = &peer.messages[..] else { panic!("two messages") };
    assert_eq!(first.len(), BOUNDS.frames_max + 1, "the first frame, and as many as are kept");
    assert_eq!(*second, next);
}

#[test]
fn a_message_that_does_not_end_is_refused() {
    let refused = Err(Violation::MessageTooLong { max: BOUNDS.message_bytes_max });
    for bytes in [0, 100, 100_000] {
        let mut peer = Peer::open();
        let message = written(&[vec![vec![0; bytes]; 2]]);
        let frame = &message[..message.len() / 2];
        let count = BOUNDS.message_bytes_max / (bytes as u64 + FRAME_BYTES);
        assert!((0..count).all(|_| peer.feed(frame).is_ok()), "{bytes}");
        assert_eq!(peer.feed(frame), refused, "{bytes}");
    }
}

#[test]
fn a_look_that_finds_nothing_loses_nothing() {
    let mut peer = Peer::open();
    let message = vec![b"header".to_vec(), b"payload".to_vec()];
    let bytes = written(std::slice::from_ref(&message));
    for byte in &bytes {
        peer.feed(&[*byte]).expect("it is well-formed");
        // Read again, in vain, and then for another peer.
        assert!(peer.input.room(&mut peer.chunk).is_empty());
        Peer::open().input.room(&mut peer.chunk).extend_from_slice(b"of another");
        peer.chunk.clear();
    }
    assert_eq!(peer.messages, [message]);
}

#[test]
fn a_message_before_ready_is_refused() {
    let mut bytes = format::opening(Kind::Dealer, Sharing::Off)[..GREETING_BYTES].to_vec();
    bytes.extend(written(&[vec![b"too early".to_vec()]]));
    assert_eq!(Peer::new().feed(&bytes), Err(Violation::NotReady));
}

#[test]
fn a_ping_is_answered_in_the_midst_of_a_message() {
    let mut peer = Peer::open();
    let mut bytes = written(&[vec![b"header".to_vec(), b"payload".to_vec()]]);
    let place = 2 + b"header".len();
    bytes.splice(place..place, format::ping());
    peer.feed(&bytes).expect("it is well-formed");
    assert!(matches!(peer.came[..], [Came::Ping(_)]), "{:?}", peer.came);
    assert_eq!(peer.messages, [vec![b"header".to_vec(), b"payload".to_vec()]]);
}

#[test]
fn a_ready_with_many_properties_is_taken_however_it_comes() {
    let mut command = b"\x05READY".to_vec();
    for (name, value) in [(&b"Socket-Type"[..], &b"DEALER"[..]), (b"X-Large", &[b'x'; 40_000])] {
        command.push(name.len() as u8);
        command.extend(name);
        command.extend((value.len() as u32).to_be_bytes());
        command.extend(value);
    }
    let mut bytes = format::opening(Kind::Dealer, Sharing::Off)[..GREETING_BYTES].to_vec();
    format::push_head(&mut bytes, Head { more: false, command: true, length: command.len() as u64 });
    bytes.extend(command);
    for size in [1000, 64 << 10] {
        let mut peer = Peer::new();
        for piece in bytes.chunks(size) {
            peer.feed(piece).expect("it is well-formed");
        }
        assert_eq!(peer.came, [Came::Opened]);
    }
}
