//! REPLIES: how jobs of the present session ended. Each is answered exactly once, within the protocol's bounds.

use super::jobs::{Interest, Running};
use super::{Machine, Outcome, Payload};
use powerhose_protocol::{
    Bytes, JobAttempt, JobId, MessageHeaders, NamedValues, Replies, ReplyEntry, WorkerEnd, limits,
};
use std::time::Duration;

impl<P: Payload> Machine<P> {
    /// Answers jobs of the present session that never began.
    pub(super) fn answer_unbegun(&mut self, jobs: &[JobAttempt], end: WorkerEnd) {
        let Some((session, batch)) = self.session().map(|terms| (terms.session, terms.batch_jobs_max)) else {
            return;
        };
        for jobs in jobs.chunks(batch) {
            tracing::trace!(jobs = jobs.len(), ?end, "answered without running");
            let replies = jobs.iter().map(|job| entry(job.job, job.attempt, end)).collect();
            let payloads = jobs.iter().map(|_| P::from(Vec::new())).collect();
            self.send(Replies { session, replies }.into(), payloads);
        }
    }

    /// Answers the job that ran in the present session.
    pub(super) fn answer(&mut self, running: &Running, outcome: Outcome<P>, run: Duration) {
        let Some(terms) = self.session() else { return };
        let (session, payload_bytes_max) = (terms.session, terms.payload_bytes_max);
        let (job, attempt) = (running.job, running.attempt);
        let run_us = u64::try_from(run.as_micros()).unwrap_or(u64::MAX);
        let cancelled = ReplyEntry { run_us, ..entry(job, attempt, WorkerEnd::Cancelled) };
        if running.interest == Interest::Cancelled {
            tracing::trace!(%job, attempt, run_us, "ended after it was cancelled");
            return self.reply(session, cancelled, P::from(Vec::new()));
        }
        match bounded(outcome, payload_bytes_max) {
            Outcome::Done { payload, headers } => {
                tracing::trace!(%job, attempt, run_us, "done");
                let headers = borrowed(&headers);
                self.reply(session, ReplyEntry { end: WorkerEnd::Done, headers, ..cancelled }, payload);
            }
            Outcome::Failed { code, text } => {
                tracing::debug!(%job, attempt, run_us, code, "failed");
                let failed = ReplyEntry { end: WorkerEnd::Failed, code: &code, text: &text, ..cancelled };
                self.reply(session, failed, P::from(Vec::new()));
            }
        }
    }

    fn reply(&mut self, session: u64, reply: ReplyEntry<'_>, payload: P) {
        self.send(Replies { session, replies: vec![reply] }.into(), vec![payload]);
    }
}

fn entry(job: JobId, attempt: u64, end: WorkerEnd) -> ReplyEntry<'static> {
    ReplyEntry { job, attempt, end, run_us: 0, code: "", text: "", headers: NamedValues::default() }
}

fn borrowed(headers: &[(String, Vec<u8>)]) -> MessageHeaders<'_> {
    NamedValues(headers.iter().map(|(name, value)| (&name[..], Bytes(value))).collect())
}

/// A reply that the master would refuse becomes a failure that says why.
fn bounded<P: Payload>(outcome: Outcome<P>, payload_bytes_max: u64) -> Outcome<P> {
    let failed = |code: &str, text: String| Outcome::Failed { code: code.to_owned(), text };
    match outcome {
        Outcome::Done { payload, .. } if payload.len() as u64 > payload_bytes_max => {
            let text = format!("the reply has {} bytes, {payload_bytes_max} are allowed", payload.len());
            failed("reply_too_large", text)
        }
        Outcome::Done { payload, headers } => match violation(&headers) {
            Some(text) => failed("reply_headers", text),
            None => Outcome::Done { payload, headers },
        },
        Outcome::Failed { code, text } => Outcome::Failed {
            code: truncated(code, limits::CODE_BYTES_MAX),
            text: truncated(text, limits::TEXT_BYTES_MAX),
        },
    }
}

fn violation(headers: &[(String, Vec<u8>)]) -> Option<String> {
    if headers.len() > limits::HEADERS_MAX {
        return Some(format!("a reply can have {} headers, it has {}", limits::HEADERS_MAX, headers.len()));
    }
    for (place, (name, _)) in headers.iter().enumerate() {
        if name.len() > limits::HEADER_NAME_BYTES_MAX {
            return Some(format!("a header's name can have {} bytes", limits::HEADER_NAME_BYTES_MAX));
        }
        if headers[..place].iter().any(|(earlier, _)| earlier == name) {
            return Some("a header stands in the reply twice".to_owned());
        }
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    (bytes > limits::HEADERS_BYTES_MAX)
        .then(|| format!("a reply can have {} bytes of headers, it has {bytes}", limits::HEADERS_BYTES_MAX))
}

/// Cut to at most so many bytes, between two characters.
pub(crate) fn truncated(mut text: String, bytes_max: usize) -> String {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}
