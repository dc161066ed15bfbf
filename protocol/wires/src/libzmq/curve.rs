//! Encryption by CurveZMQ, where libzmq was built with it.
//!
//! libzmq asks whoever answers on `inproc://zeromq.zap.01` in the socket's context whether a client may connect (ZeroMQ's
//! RFC 27). Here whoever turns the socket answers, between its other messages.

use super::frame;
use powerhose_protocol::{CurveClient, CurveKey, CurveServer};
use std::collections::BTreeSet;

const QUESTIONS: &str = "inproc://zeromq.zap.01";
const VERSION: &[u8] = b"1.0";
/// Frames of a question: version, request, domain, address, identity, mechanism, credentials.
const QUESTION_FRAMES: usize = 7;

/// Answers who may connect.
pub(super) struct Doorkeeper {
    questions: zmq::Socket,
    allowed: BTreeSet<CurveKey>,
}

impl Doorkeeper {
    /// To be there before the socket binds.
    pub(super) fn stand(context: &zmq::Context, server: &CurveServer) -> zmq::Result<Doorkeeper> {
        let questions = context.socket(zmq::REP)?;
        questions.set_linger(0)?;
        questions.bind(QUESTIONS)?;
        Ok(Doorkeeper { questions, allowed: server.allowed.iter().copied().collect() })
    }

    /// Answers every question that is there.
    pub(super) fn answer(&self) {
        while let Some(question) = self.next_question() {
            let allowed = self.allows(&question);
            let (status, text): (&[u8], &[u8]) =
                if allowed { (b"200", b"OK") } else { (b"400", b"this key is not on the list") };
            if !allowed {
                tracing::debug!("a peer whose CURVE key is not on the list was turned away");
            }
            let request = question.get(1).map_or(&[][..], Vec::as_slice);
            let answer: [&[u8]; 6] = [VERSION, request, status, text, b"", b""];
            // Nobody waits for the answer if it cannot be sent.
            let _ = self.questions.send_multipart(answer, zmq::DONTWAIT);
        }
    }

    fn next_question(&self) -> Option<Vec<Vec<u8>>> {
        let mut frames = Vec::with_capacity(QUESTION_FRAMES);
        loop {
            let frame = frame::receive(&self.questions)?;
            frames.push(frame.as_ref().to_vec());
            if !frame.has_more() {
                return Some(frames);
            }
        }
    }

    fn allows(&self, question: &[Vec<u8>]) -> bool {
        let [version, _, _, _, _, mechanism, key] = question else { return false };
        let key = <[u8; 32]>::try_from(key.as_slice()).map(CurveKey::new);
        version == VERSION && mechanism == b"CURVE" && key.is_ok_and(|key| self.allowed.contains(&key))
    }

    /// To be looked at for reading.
    pub(super) fn socket(&self) -> &zmq::Socket {
        &self.questions
    }
}

/// What the socket binds to from now on is encrypted.
pub(super) fn encrypt(socket: &zmq::Socket, server: &CurveServer) -> zmq::Result<()> {
    socket.set_curve_secretkey(server.own.secret.as_bytes())?;
    socket.set_curve_server(true)
}

/// What the socket connects to from now on is encrypted.
pub(super) fn connect_encrypted(socket: &zmq::Socket, client: &CurveClient) -> zmq::Result<()> {
    socket.set_curve_serverkey(client.server.as_bytes())?;
    socket.set_curve_publickey(client.own.public.as_bytes())?;
    socket.set_curve_secretkey(client.own.secret.as_bytes())
}
