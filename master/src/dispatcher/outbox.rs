//! Everything that is written: single messages, and the batches that have gathered during a turn.

use super::event::{Ending, LostCause, Outcome, Rejection, Repeat, Route};
use super::peer::PendingOutcome;
use super::{Action, Dispatcher, Settings};
use crate::WorkerExit;
use crate::headers::Headers;
use bytes::Bytes;
use powerhose_protocol::limits::HEADER_FRAME_BYTES_MAX;
use powerhose_protocol::{
    CODE_CLOSING, FLAG_ONCE, JobEnd, JobEntry, Jobs, Message, MessageHeaders, OutcomeEntry, Outcomes, Reject,
    Unknown,
};

/// What the entries of a header may need, in names, values and texts; the rest is for what frames them.
const ENTRIES_BYTES_MAX: usize = HEADER_FRAME_BYTES_MAX / 2;
/// More than the numbers of an entry and the name of its pool need.
const ENTRY_BYTES: usize = 256;

/// What an entry adds to a message.
struct Weight {
    payload: usize,
    header: usize,
}

impl Dispatcher {
    /// Queues a message without payloads.
    pub(super) fn send(&mut self, route: Route, message: Message<'_>) {
        self.push(route, message.encode(), Vec::new());
    }

    fn push(&mut self, route: Route, header: Vec<u8>, payloads: Vec<Bytes>) {
        self.actions.push_back(Action::Send { route, header, payloads });
    }

    /// A message of an [`Action::Send`] was handed to its connection, and counts as sent.
    pub fn has_sent(&mut self, header: &[u8], payloads: &[Bytes]) {
        self.stats.messages_sent += 1;
        self.stats.bytes_sent += frame_bytes(header, payloads);
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
        self.stats.messages_refused += 1;
        if code == CODE_CLOSING {
            // Who looks for a master while this one drains does nothing wrong.
            tracing::debug!(route = route.0, kind, "refused a message: closing");
        } else if let Some(left_out) = self.limiter.pass(self.now) {
            tracing::warn!(route = route.0, kind, code, text, left_out, "refused a message");
        }
        self.send(route, Message::Reject(Reject { kind, reference, code, text, retry_after_ms }));
        self.strike(route);
    }

    pub(super) fn send_unknown(&mut self, route: Route) {
        self.stats.messages_foreign += 1;
        self.send(route, Message::Unknown(Unknown { epoch: self.epoch }));
    }

    /// Milliseconds since the start of the master.
    pub(super) fn clock_ms(&self) -> u64 {
        self.now.saturating_duration_since(self.started).as_millis() as u64
    }

    /// Writes the jobs that were dispatched in this turn, a worker's together up to the bounds of a batch.
    pub(super) fn send_jobs(&mut self) {
        for key in std::mem::take(&mut self.loaded) {
            let Some(worker) = self.peers[key].worker_mut() else { continue };
            let batch = std::mem::take(&mut worker.batch);
            let mut rest = batch.as_slice();
            while !rest.is_empty() {
                let count = self.batch_length(rest);
                let (part, further) = rest.split_at(count);
                self.send_batch(key, part);
                rest = further;
            }
            let mut batch = batch;
            batch.clear();
            self.peers.worker(key).batch = batch;
        }
    }

    fn batch_length(&self, keys: &[super::job::JobKey]) -> usize {
        let weights = keys.iter().map(|key| {
            let job = &self.jobs[*key];
            Weight { payload: job.payload.len(), header: job.headers.byte_count() }
        });
        batch_length(weights, &self.settings)
    }

    fn send_batch(&mut self, worker: super::peer::PeerKey, keys: &[super::job::JobKey]) {
        let peer = &self.peers[worker];
        let Some(route) = peer.route else { return };
        let now = self.moment;
        let entries = keys.iter().map(|key| {
            let job = &self.jobs[*key];
            JobEntry {
                job: job.id,
                attempt: u64::from(job.attempt),
                pool: &self.pools[job.pool].name,
                remaining_ms: (job.deadline.since(now).as_millis() as u64).max(1),
                flags: if job.repeat == Repeat::Never { FLAG_ONCE } else { 0 },
                headers: job.headers.to_wire(),
            }
        });
        let jobs = Jobs { session: peer.session, sent_ms: self.clock_ms(), jobs: entries.collect() };
        let header = Message::Jobs(jobs).encode();
        let payloads = keys.iter().map(|key| self.jobs[*key].payload.clone()).collect();
        self.push(route, header, payloads);
    }

    /// Writes the outcomes of this turn, a client's together.
    pub(super) fn send_outcomes(&mut self) {
        for key in std::mem::take(&mut self.answered) {
            let Some(peer) = self.peers.get(key) else { continue };
            let (Some(route), session) = (peer.route, peer.session) else { continue };
            let Some(client) = self.peers[key].client_mut() else { continue };
            let mut outcomes = std::mem::take(&mut client.outcomes);
            while !outcomes.is_empty() {
                let count = batch_length(outcomes.iter().map(weight), &self.settings);
                let part: Vec<PendingOutcome> = outcomes.drain(..count).collect();
                let header = Message::Outcomes(Outcomes {
                    session,
                    outcomes: part.iter().map(|pending| entry(pending.call, &pending.outcome)).collect(),
                })
                .encode();
                let payloads = part.into_iter().map(|pending| payload(pending.outcome)).collect();
                self.push(route, header, payloads);
            }
        }
    }
}

/// How many bytes a message has.
pub(super) fn frame_bytes(header: &[u8], payloads: &[Bytes]) -> u64 {
    (header.len() + payloads.iter().map(Bytes::len).sum::<usize>()) as u64
}

/// How many of these entries fit into one message; at least one.
fn batch_length(weights: impl Iterator<Item = Weight>, settings: &Settings) -> usize {
    let (mut payload, mut header) = (0, 0);
    let fits = weights.take(settings.batch_jobs_max).take_while(|weight| {
        payload += weight.payload;
        header += weight.header + ENTRY_BYTES;
        payload <= settings.batch_bytes_max && header <= ENTRIES_BYTES_MAX
    });
    fits.count().max(1)
}

fn weight(pending: &PendingOutcome) -> Weight {
    let (payload, header) = match &pending.outcome.ending {
        Ending::Done { payload, headers } => (payload.len(), headers.byte_count()),
        Ending::Failed { code, text } => (0, code.len() + text.len()),
        Ending::Rejected(rejection) => (0, rejection.to_wire().1.len()),
        Ending::TimedOut | Ending::Lost(_) => (0, 0),
    };
    Weight { payload, header }
}

fn payload(outcome: Outcome) -> Bytes {
    match outcome.ending {
        Ending::Done { payload, .. } => payload,
        Ending::Failed { .. } | Ending::TimedOut | Ending::Lost(_) | Ending::Rejected(_) => Bytes::new(),
    }
}

/// An outcome as it stands on the wire; [`crate::runner`] reads it back.
fn entry(call: u64, outcome: &Outcome) -> OutcomeEntry<'_> {
    let mut entry = OutcomeEntry {
        call,
        end: JobEnd::Done,
        may_have_run: outcome.may_have_run,
        attempts: u64::from(outcome.attempts),
        worker: outcome.worker,
        wait_us: outcome.wait.as_micros() as u64,
        run_us: outcome.run.as_micros() as u64,
        code: "",
        text: "",
        detail: None,
        headers: MessageHeaders::default(),
    };
    match &outcome.ending {
        Ending::Done { headers, .. } => entry.headers = Headers::to_wire(headers),
        Ending::Failed { code, text } => (entry.end, entry.code, entry.text) = (JobEnd::Failed, code, text),
        Ending::TimedOut => entry.end = JobEnd::TimedOut,
        Ending::Lost(cause) => {
            entry.end = JobEnd::Lost;
            (entry.code, entry.detail) = match cause {
                LostCause::Worker => ("worker", None),
                LostCause::WorkerExit(WorkerExit::Status(status)) => ("exit", u64::try_from(*status).ok()),
                LostCause::WorkerExit(WorkerExit::Signal(signal)) => ("signal", u64::try_from(*signal).ok()),
                LostCause::Master => ("master", None),
            };
        }
        Ending::Rejected(rejection) => {
            entry.end = JobEnd::Rejected;
            (entry.code, entry.text, entry.detail) = rejection.to_wire();
        }
    }
    entry
}

impl Rejection {
    /// Every code that a master counts.
    pub(super) const CODES: [&'static str; 10] = [
        "queue_full",
        "queue_bytes",
        "no_workers",
        "payload_too_large",
        "bad_headers",
        "bad_pool",
        "pools_max",
        "closed",
        "forked",
        "bad_call",
    ];

    /// The word for it, for programs: on the wire and in metrics.
    pub fn code(&self) -> &'static str {
        self.to_wire().0
    }

    /// Its code, its text and its number on the wire.
    fn to_wire(&self) -> (&'static str, &str, Option<u64>) {
        match self {
            Rejection::QueueFull { jobs_max } => ("queue_full", "", Some(*jobs_max)),
            Rejection::QueueBytesFull { bytes_max } => ("queue_bytes", "", Some(*bytes_max)),
            Rejection::NoWorkers { offered, .. } => ("no_workers", offered, None),
            Rejection::PayloadTooLarge { bytes_max, .. } => ("payload_too_large", "", Some(*bytes_max)),
            Rejection::BadHeaders { reason } => ("bad_headers", reason, None),
            Rejection::BadPool { .. } => ("bad_pool", "", None),
            Rejection::PoolsMax { pools_max } => ("pools_max", "", Some(*pools_max)),
            Rejection::Closed => ("closed", "", None),
            Rejection::Forked => ("forked", "", None),
            Rejection::Refused { text, .. } => ("refused", text, None),
            Rejection::BadCall { reason } => ("bad_call", reason, None),
        }
    }
}
