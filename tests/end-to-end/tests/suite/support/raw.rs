//! A peer that says whatever a test wants: a DEALER socket, and the protocol's messages without its rules.

use super::PATIENCE;
use powerhose_protocol::{Heartbeat, Hello, MAGIC, Message, Reject, Status, Welcome, decode};

pub(crate) struct Peer {
    socket: zmq::Socket,
}

/// A message as it came: the header, and the payloads.
pub(crate) struct Incoming {
    header: Vec<u8>,
    pub(crate) payloads: Vec<Vec<u8>>,
}

/// A session that a master opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) session: u64,
    pub(crate) epoch: u64,
}

/// What a REJECT says, but for its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: u64,
    pub(crate) reference: Option<u64>,
    pub(crate) code: String,
}

impl Incoming {
    pub(crate) fn message(&self) -> Message<'_> {
        decode(&self.header, self.payloads.len()).expect("the master sends what the protocol allows")
    }

    #[track_caller]
    fn refusal(&self) -> Refusal {
        match self.message() {
            Message::Reject(Reject { kind, reference, code, .. }) => {
                Refusal { kind, reference, code: code.to_owned() }
            }
            other => panic!("{other:?} instead of REJECT"),
        }
    }
}

impl Peer {
    /// A socket that is connected to the master as the protocol wants it.
    pub(crate) fn connect(endpoint: &str) -> Peer {
        Peer::connect_as(endpoint, zmq::DEALER, |_| {})
    }

    pub(crate) fn connect_as(
        endpoint: &str,
        kind: zmq::SocketType,
        change: impl FnOnce(&zmq::Socket),
    ) -> Peer {
        let socket = zmq::Context::new().socket(kind).expect("a socket");
        socket.set_linger(0).expect("an option");
        socket.set_rcvtimeo(PATIENCE.as_millis() as i32).expect("an option");
        socket.set_sndhwm(0).expect("an option");
        change(&socket);
        socket.connect(endpoint).expect("an endpoint");
        Peer { socket }
    }

    pub(crate) fn send(&self, frames: &[Vec<u8>]) {
        self.socket.send_multipart(frames, 0).expect("there is no bound");
    }

    /// Sends a message and its payloads.
    pub(crate) fn say<'a>(&self, message: impl Into<Message<'a>>, payloads: &[&[u8]]) {
        let header = message.into().encode();
        let frames = std::iter::once(header).chain(payloads.iter().map(|payload| payload.to_vec()));
        self.send(&frames.collect::<Vec<_>>());
    }

    /// The next message other than a HEARTBEAT.
    #[track_caller]
    pub(crate) fn receive(&self) -> Incoming {
        loop {
            let incoming = self.receive_any();
            if !matches!(incoming.message(), Message::Heartbeat(_)) {
                return incoming;
            }
        }
    }

    /// The next HEARTBEAT, before which nothing else comes.
    #[track_caller]
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        match self.receive_any().message() {
            Message::Heartbeat(heartbeat) => heartbeat,
            other => panic!("{other:?} instead of HEARTBEAT"),
        }
    }

    #[track_caller]
    fn receive_any(&self) -> Incoming {
        let mut frames = self.socket.recv_multipart(0).expect("the master answers");
        // What refuses an empty frame begins with one.
        if frames.len() == 2 && frames[0].is_empty() {
            frames.remove(0);
        }
        let payloads = frames.split_off(1);
        Incoming { header: frames.remove(0), payloads }
    }

    /// Says HELLO, which is welcome.
    #[track_caller]
    pub(crate) fn hello(&self, role: &str) -> Session {
        self.say(hello(role), &[]);
        match self.receive().message() {
            Message::Welcome(Welcome { session, epoch, .. }) => Session { session, epoch },
            other => panic!("{other:?} instead of WELCOME"),
        }
    }

    #[track_caller]
    pub(crate) fn refusal(&self) -> Refusal {
        self.receive().refusal()
    }

    /// A refusal behind an empty frame.
    #[track_caller]
    pub(crate) fn delimited_refusal(&self) -> Refusal {
        let mut frames = self.socket.recv_multipart(0).expect("the master answers");
        assert_eq!((frames.len(), frames[0].len()), (2, 0), "{frames:?}");
        Incoming { header: frames.remove(1), payloads: Vec::new() }.refusal()
    }

    /// The epoch in an UNKNOWN.
    #[track_caller]
    pub(crate) fn unknown(&self) -> u64 {
        match self.receive().message() {
            Message::Unknown(unknown) => unknown.epoch,
            other => panic!("{other:?} instead of UNKNOWN"),
        }
    }

    /// Waits until the master has taken in everything that was sent before: it answers in order. Nothing else comes.
    #[track_caller]
    pub(crate) fn settle(&self, session: u64) {
        self.say(Status { session, query: "pools" }, &[]);
        let incoming = self.receive();
        let message = incoming.message();
        assert!(matches!(message, Message::State(_)), "{message:?} instead of STATE");
    }
}

pub(crate) fn hello(role: &str) -> Hello<'_> {
    Hello { magic: MAGIC, version_min: 1, version_max: 1, role, software: "tests", nonce: None }
}

pub(crate) fn heartbeat(session: u64) -> Heartbeat {
    Heartbeat { session, sequence: 1, acknowledged: 0, sent_ms: 0 }
}

/// Frames from whatever has bytes.
pub(crate) fn frames<const N: usize>(frames: [&[u8]; N]) -> Vec<Vec<u8>> {
    frames.iter().map(|frame| frame.to_vec()).collect()
}
