use super::*;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

struct Bench {
    output: Output,
    ours: UnixStream,
    theirs: UnixStream,
    scratch: Vec<u8>,
}

impl Bench {
    fn new() -> Bench {
        let (ours, theirs) = UnixStream::pair().expect("two sockets");
        theirs.set_nonblocking(true).expect("a socket");
        Bench { output: Output::default(), ours, theirs, scratch: Vec::new() }
    }

    fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Sent {
        self.output.send(self.ours.as_fd(), header, payloads, &mut self.scratch).expect("a peer")
    }

    fn flush(&mut self) -> Sent {
        self.output.flush(self.ours.as_fd()).expect("a peer")
    }

    /// What has arrived.
    fn read(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // It ends with "would block".
        let _ = self.theirs.read_to_end(&mut bytes);
        bytes
    }
}

fn framed(frames: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (place, frame) in frames.iter().enumerate() {
        push_frame_head(&mut bytes, frame, place + 1 == frames.len());
        bytes.extend_from_slice(frame);
    }
    bytes
}

#[test]
fn messages_arrive_as_they_are_framed_however_large_their_payloads_are() {
    let mut bench = Bench::new();
    for sizes in
        [&[][..], &[0], &[64, 64], &[3000, 10, 20_000, 5], &[16 << 10], &[1, 40_000], &[40_000, 1, 1]]
    {
        let payloads: Vec<_> = sizes.iter().map(|size| Bytes::from(vec![b'p'; *size])).collect();
        assert_eq!(bench.send(b"header", &payloads), Sent::Whole);
        let frames: Vec<&[u8]> =
            [&b"header"[..]].into_iter().chain(payloads.iter().map(|one| &one[..])).collect();
        assert_eq!(bench.read(), framed(&frames), "{sizes:?}");
    }
}

#[test]
fn what_the_peer_does_not_take_waits_and_keeps_its_order() {
    let mut bench = Bench::new();
    let large = Bytes::from(vec![b'l'; 3 << 20]);
    assert_eq!(bench.send(b"first", std::slice::from_ref(&large)), Sent::Partly);
    for header in [&b"second"[..], b"third"] {
        assert_eq!(bench.send(header, &[]), Sent::Partly);
    }
    let mut arrived = Vec::new();
    while !bench.output.is_empty() {
        arrived.extend(bench.read());
        bench.flush();
    }
    arrived.extend(bench.read());
    let expected = [framed(&[b"first", &large]), framed(&[b"second"]), framed(&[b"third"])].concat();
    assert!(arrived == expected, "{} bytes of {}", arrived.len(), expected.len());
    assert_eq!(bench.output.len(), 0);
}

#[test]
fn many_pieces_are_sent_in_as_many_calls_as_it_takes() {
    let mut bench = Bench::new();
    let payloads: Vec<_> = (0..200u8).map(|byte| Bytes::from(vec![byte; 3000])).collect();
    let mut arrived = Vec::new();
    let mut sent = bench.send(b"header", &payloads);
    while sent == Sent::Partly {
        arrived.extend(bench.read());
        sent = bench.flush();
    }
    arrived.extend(bench.read());
    let frames: Vec<&[u8]> =
        [&b"header"[..]].into_iter().chain(payloads.iter().map(|one| &one[..])).collect();
    assert!(arrived == framed(&frames));
}

#[test]
fn a_peer_that_has_gone_is_an_error_and_no_signal() {
    let Bench { mut output, ours, theirs, mut scratch } = Bench::new();
    drop(theirs);
    assert!(output.send(ours.as_fd(), b"header", &[], &mut scratch).is_err());
}
