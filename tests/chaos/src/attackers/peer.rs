//! A DEALER that says what it likes.

use powerhose_protocol::{Hello, MAGIC, Message, NamedValues, PoolOffer, Register, Welcome, decode};
use std::time::Duration;

const ANSWER_WITHIN: Duration = Duration::from_millis(500);

pub(super) struct Peer(zmq::Socket);

impl Peer {
    pub(super) fn connect(context: &zmq::Context, endpoint: &str) -> zmq::Result<Peer> {
        let socket = context.socket(zmq::DEALER)?;
        socket.set_linger(0)?;
        socket.set_rcvtimeo(ANSWER_WITHIN.as_millis() as i32)?;
        socket.connect(endpoint)?;
        Ok(Peer(socket))
    }

    /// A peer that names itself, which none may.
    pub(super) fn with_identity(
        context: &zmq::Context,
        endpoint: &str,
        identity: &[u8],
    ) -> zmq::Result<Peer> {
        let socket = context.socket(zmq::DEALER)?;
        socket.set_linger(0)?;
        socket.set_rcvtimeo(ANSWER_WITHIN.as_millis() as i32)?;
        socket.set_identity(identity)?;
        socket.connect(endpoint)?;
        Ok(Peer(socket))
    }

    /// What cannot be sent is not sent: nobody waits for a master that is away.
    pub(super) fn send(&self, frames: &[Vec<u8>]) {
        let _ = self.0.send_multipart(frames, zmq::DONTWAIT);
    }

    pub(super) fn say<'a>(&self, message: impl Into<Message<'a>>) {
        self.send(&[message.into().encode()]);
    }

    /// Says HELLO and waits for the session; none if none comes.
    pub(super) fn session(&self, role: &str) -> Option<u64> {
        self.say(hello(role));
        // Others than WELCOME may come first; they are few.
        (0..10).find_map(|_| {
            let mut frames = self.0.recv_multipart(0).ok()?;
            let header = frames.swap_remove(0);
            match decode(&header, frames.len()) {
                Ok(Message::Welcome(Welcome { session, .. })) => Some(session),
                _ => None,
            }
        })
    }

    pub(super) fn register(&self, session: u64, pools: &[&str], pid: u32) {
        self.say(register(session, pools, pid));
    }
}

pub(super) fn hello(role: &str) -> Hello<'_> {
    Hello { magic: MAGIC, version_min: 1, version_max: 1, role, software: "chaos attacks", nonce: None }
}

pub(super) fn register<'a>(session: u64, pools: &[&'a str], pid: u32) -> Register<'a> {
    Register {
        session,
        pools: pools.iter().map(|pool| PoolOffer { pool, credit_max: 4 }).collect(),
        pid: pid.into(),
        host: "elsewhere",
        instance: "0",
        attentive: true,
        labels: NamedValues(Vec::new()),
    }
}
