//! How messages leave: queued one by one, counted once their wire has taken them.

use super::{Action, Desk, Route};
use crate::common::{Repeat, Settings};
use crate::dispatcher::{Attempt, JobKey, PeerKey};
use bytes::Bytes;
use powerhose_protocol::limits::HEADER_FRAME_BYTES_MAX;
use powerhose_protocol::{
    Bye, CODE_CLOSING, Cancel, FLAG_ONCE, Heartbeat, JobAttempt, JobEntry, Message, Recall, Reject, Unknown,
    encode_jobs,
};

/// What the entries of a header may need, in names, values and texts; the rest is for what frames them.
const ENTRIES_BYTES_MAX: usize = HEADER_FRAME_BYTES_MAX / 2;
/// More than the numbers of an entry and the name of its pool need.
const ENTRY_BYTES: usize = 256;

/// What an entry adds to a message.
pub(super) struct Weight {
    pub(super) payload: usize,
    pub(super) header: usize,
}

impl Desk {
    /// Queues a message without payloads.
    pub(super) fn send(&mut self, route: Route, message: Message<'_>) {
        self.push(route, message.encode(), Vec::new());
    }

    pub(super) fn push(&mut self, route: Route, header: Vec<u8>, payloads: Vec<Bytes>) {
        self.actions.push_back(Action::Send { route, header, payloads });
    }

    /// A message of an [`Action::Send`] was handed to its connection, and counts as sent.
    pub fn has_sent(&mut self, header: &[u8], payloads: &[Bytes]) {
        self.counted.messages_sent += 1;
        self.counted.bytes_sent += frame_bytes(header, payloads);
    }

    pub(super) fn reject(
        &mut self,
        route: Route,
        kind: u64,
        reference: Option<u64>,
        code: &str,
        text: &str,
        retry_after_ms: Option<u64>,
    ) {
        self.note_refusal(route, kind, code, text);
        self.send(route, Message::Reject(Reject { kind, reference, code, text, retry_after_ms }));
        self.strike(route);
    }

    /// The REJECT of a message with an empty frame in front has one there too: the socket of such a sender expects it, and
    /// would drop an answer without it.
    pub(super) fn reject_delimited(&mut self, route: Route, kind: u64, code: &str, text: &str) {
        self.note_refusal(route, kind, code, text);
        let reject = Message::Reject(Reject { kind, reference: None, code, text, retry_after_ms: None });
        self.push(route, Vec::new(), vec![reject.encode().into()]);
        self.strike(route);
    }

    fn note_refusal(&mut self, route: Route, kind: u64, code: &str, text: &str) {
        self.counted.messages_refused += 1;
        if code == CODE_CLOSING {
            // Who looks for a master while this one drains does nothing wrong.
            tracing::debug!(%route, kind, "refused a message: closing");
        } else if let Some(left_out) = self.limiter.pass(self.now) {
            tracing::warn!(%route, kind, code, text, left_out, "refused a message");
        }
    }

    pub(super) fn send_unknown(&mut self, route: Route) {
        self.counted.messages_foreign += 1;
        self.send(route, Message::Unknown(Unknown { epoch: self.epoch }));
    }

    /// Milliseconds since the start of the master.
    pub(super) fn clock_ms(&self) -> u64 {
        self.dispatcher.moment().milliseconds()
    }

    /// JOBS: what the dispatcher gives a worker in a turn, together up to the bounds of a batch.
    pub(super) fn send_jobs(&mut self, worker: PeerKey) {
        let given = self.dispatcher.take_given(worker);
        let mut rest = given.as_slice();
        while !rest.is_empty() {
            let (part, further) = rest.split_at(self.batch_length(rest));
            self.send_batch(worker, part);
            rest = further;
        }
        self.dispatcher.has_given(worker, given);
    }

    fn batch_length(&self, keys: &[JobKey]) -> usize {
        let weights = keys.iter().map(|key| {
            let job = self.dispatcher.job(*key);
            Weight { payload: job.payload.len(), header: job.headers.byte_count() }
        });
        batch_length(weights, self.dispatcher.settings())
    }

    fn send_batch(&mut self, worker: PeerKey, keys: &[JobKey]) {
        let Some(session) = self.sessions.get(worker) else { return };
        let (route, now) = (session.route, self.dispatcher.moment());
        let entries = keys.iter().map(|key| {
            let job = self.dispatcher.job(*key);
            JobEntry {
                job: job.id,
                attempt: u64::from(job.attempt),
                pool: self.dispatcher.pool_name(job.pool),
                remaining_ms: (job.deadline.since(now).as_millis() as u64).max(1),
                flags: if job.repeat == Repeat::Never { FLAG_ONCE } else { 0 },
                headers: job.headers.to_wire(),
            }
        });
        let header = encode_jobs(session.id, self.clock_ms(), entries);
        let payloads = keys.iter().map(|key| self.dispatcher.job(*key).payload.clone()).collect();
        self.push(route, header, payloads);
    }

    pub(super) fn send_recall(&mut self, worker: PeerKey, jobs: &[Attempt]) {
        let Some(session) = self.sessions.get(worker) else { return };
        let (route, session) = (session.route, session.id);
        let jobs = jobs.iter().map(on_wire).collect();
        self.send(route, Message::Recall(Recall { session, jobs }));
    }

    pub(super) fn send_cancel(&mut self, worker: PeerKey, job: Attempt) {
        let Some(session) = self.sessions.get(worker) else { return };
        let (route, session) = (session.route, session.id);
        self.send(route, Message::Cancel(Cancel { session, jobs: vec![on_wire(&job)] }));
    }

    pub(super) fn send_heartbeat(&mut self, peer: PeerKey) {
        let sent_ms = self.clock_ms();
        let Some(session) = self.sessions.get_mut(peer) else { return };
        session.sequence_sent += 1;
        let heartbeat = Heartbeat {
            session: session.id,
            sequence: session.sequence_sent,
            acknowledged: session.sequence_received,
            sent_ms,
        };
        let route = session.route;
        self.send(route, Message::Heartbeat(heartbeat));
    }

    /// The master ends: a client has been told how its jobs ended, and every peer is told that its session is over.
    pub(super) fn dismiss(&mut self, peer: PeerKey) {
        self.send_bye(peer, CODE_CLOSING, "the master ends");
    }

    /// Tells a peer that its session is over.
    pub(super) fn send_bye(&mut self, peer: PeerKey, code: &str, text: &str) {
        let Some(session) = self.sessions.get(peer) else { return };
        let (route, session) = (session.route, session.id);
        self.send(route, Message::Bye(Bye { session, code, text }));
    }

    /// The connections of clients.
    pub(crate) fn client_routes(&self) -> Vec<Route> {
        self.sessions.client_routes()
    }
}

fn on_wire(attempt: &Attempt) -> JobAttempt {
    JobAttempt { job: attempt.job, attempt: u64::from(attempt.attempt) }
}

/// How many bytes a message has.
pub(super) fn frame_bytes(header: &[u8], payloads: &[Bytes]) -> u64 {
    (header.len() + payloads.iter().map(Bytes::len).sum::<usize>()) as u64
}

/// How many of these entries fit into one message; at least one.
pub(super) fn batch_length(weights: impl Iterator<Item = Weight>, settings: &Settings) -> usize {
    let (mut payload, mut header) = (0, 0);
    let fits = weights.take(settings.batch_jobs_max).take_while(|weight| {
        payload += weight.payload;
        header += weight.header + ENTRY_BYTES;
        payload <= settings.batch_bytes_max && header <= ENTRIES_BYTES_MAX
    });
    fits.count().max(1)
}
