//! What comes in: who may say what in which state, and what it is to the dispatcher.

use super::outbox::frame_bytes;
use super::sessions::{Errand, Spoken};
use super::{Desk, Route};
use crate::common::{Clock, GoneCause, Headers, Repeat, Submission};
use crate::dispatcher::{PeerKey, Standing, WorkerReply};
use bytes::Bytes;
use powerhose_protocol::{
    CallEntry, DEFAULT_POOL, DecodeError, Execute, FLAG_FROM_DISPATCH, FLAG_ONCE, Heartbeat, Kind, Message,
    Quieted, Replies, ReplyEntry, decode,
};
use std::time::Duration;
use tracing::{debug, info};

impl Desk {
    /// A message from a connection.
    pub(super) fn receive(&mut self, route: Route, header: &[u8], payloads: &mut Vec<Bytes>) {
        self.counted.messages_received += 1;
        if self.strikes.is_cut_off(route) {
            return;
        }
        self.counted.bytes_received += frame_bytes(header, payloads);
        let message = match decode(header, payloads.len()) {
            Ok(message) => message,
            Err(error) => return self.refuse_bytes(route, &error),
        };
        match &message {
            Message::Hello(hello) => return self.hello(route, header, hello),
            Message::Proof(proof) => return self.prove(route, header, proof),
            _ => {}
        }
        let Some(peer) = self.sessions.find(route) else { return self.send_unknown(route) };
        let Some(session) = message.session() else { return self.not_yours(route, message.kind()) };
        if let Spoken::Elsewhere = self.sessions.is_spoken_in(peer, session) {
            return self.send_unknown(route);
        }
        self.dispatcher.heard(peer);
        self.obey(peer, route, &message, payloads);
    }

    fn refuse_bytes(&mut self, route: Route, error: &DecodeError) {
        let (kind, code, text) = (error.kind_number(), error.code(), error.to_string());
        match error {
            DecodeError::EmptyHeader => self.reject_delimited(route, kind, code, &text),
            _ => self.reject(route, kind, None, code, &text, None),
        }
    }

    fn not_yours(&mut self, route: Route, kind: Kind) {
        let text = format!("{kind} is not for this peer to send, or not yet");
        self.reject(route, kind as u64, None, "not_yours", &text, None);
    }

    /// A message of a live session.
    fn obey(&mut self, peer: PeerKey, route: Route, message: &Message<'_>, payloads: &mut Vec<Bytes>) {
        match (self.dispatcher.standing(peer), message) {
            (_, Message::Heartbeat(heartbeat)) => self.heartbeat(peer, heartbeat),
            (_, Message::Bye(bye)) => {
                debug!(peer = self.dispatcher.number(peer), code = bye.code, "goodbye");
                self.dispatcher.gone(peer, GoneCause::Goodbye);
            }
            (_, Message::Status(status)) => self.status(peer, status),
            (_, Message::Control(control)) => self.control(peer, control),
            (Standing::Candidate | Standing::Worker, Message::Register(register)) => {
                self.register(peer, register);
            }
            (Standing::Worker, Message::Replies(replies)) => self.replies(peer, replies, payloads),
            (Standing::Worker, Message::Quiet(_)) => self.quiet(peer),
            (Standing::Client, Message::Execute(execute)) => self.execute(peer, execute, payloads),
            (Standing::Client, Message::Abandon(abandon)) => {
                abandon.calls.iter().for_each(|call| self.dispatcher.abandon(peer, *call));
            }
            (_, message) => self.not_yours(route, message.kind()),
        }
    }

    /// A heartbeat came. It may answer one of ours.
    fn heartbeat(&mut self, peer: PeerKey, heartbeat: &Heartbeat) {
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.sequence_received = session.sequence_received.max(heartbeat.sequence);
        let unanswered = session.sequence_sent.saturating_sub(heartbeat.acknowledged);
        self.dispatcher.answered(peer, unanswered);
    }

    /// A client's EXECUTE.
    fn execute(&mut self, client: PeerKey, execute: &Execute<'_>, payloads: &mut Vec<Bytes>) {
        self.note_errand(client);
        for (entry, payload) in execute.calls.iter().zip(payloads.drain(..)) {
            if self.dispatcher.has_call(client, entry.call) {
                self.reject_call(client, entry.call);
            } else {
                self.dispatcher.submit(client, entry.call, submission(entry, payload));
            }
        }
    }

    /// A client that sends its first jobs is a change that an operator wants to see; one that asks a question is not.
    fn note_errand(&mut self, client: PeerKey) {
        let Some(session) = self.sessions.get_mut(client) else { return };
        if session.errand == Errand::Questions {
            session.errand = Errand::Jobs;
            info!(
                client = self.dispatcher.number(client),
                software = &*session.software,
                "client sends jobs"
            );
        }
    }

    fn reject_call(&mut self, client: PeerKey, call: u64) {
        if let Some(session) = self.sessions.get(client) {
            let text = "a call of this number has not ended yet";
            self.reject(session.route, Kind::Execute as u64, Some(call), "duplicate_call", text, None);
        }
    }

    /// A worker's REPLIES.
    fn replies(&mut self, worker: PeerKey, replies: &Replies<'_>, payloads: &mut Vec<Bytes>) {
        for (entry, payload) in replies.replies.iter().zip(payloads.drain(..)) {
            self.dispatcher.reply(worker, reply(entry, payload));
        }
    }

    /// A worker wants to leave, or is told to.
    pub(super) fn quiet(&mut self, worker: PeerKey) {
        if let Some(session) = self.sessions.get(worker) {
            let (route, session) = (session.route, session.id);
            self.send(route, Message::Quieted(Quieted { session }));
        }
        self.dispatcher.quiet(worker);
    }
}

fn submission(entry: &CallEntry<'_>, payload: Bytes) -> Submission {
    Submission {
        pool: if entry.pool == DEFAULT_POOL { DEFAULT_POOL.into() } else { entry.pool.to_owned().into() },
        payload,
        headers: Headers::from_wire(&entry.headers),
        timeout: Some(Duration::from_millis(entry.timeout_ms)),
        attempts_max: entry.attempts_max.map(|attempts| u32::try_from(attempts).unwrap_or(u32::MAX)),
        clock: match entry.flags & FLAG_FROM_DISPATCH {
            0 => Clock::FromSubmission,
            _ => Clock::FromDispatch,
        },
        repeat: if entry.flags & FLAG_ONCE == 0 { Repeat::Allowed } else { Repeat::Never },
    }
}

fn reply<'a>(entry: &ReplyEntry<'a>, payload: Bytes) -> WorkerReply<'a> {
    WorkerReply {
        job: entry.job,
        attempt: entry.attempt,
        end: entry.end,
        run: Duration::from_micros(entry.run_us),
        code: entry.code,
        text: entry.text,
        headers: Headers::from_wire(&entry.headers),
        payload,
    }
}
