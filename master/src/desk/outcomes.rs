//! OUTCOMES: how the jobs of a client ended, those of a turn together.

use super::Desk;
use super::outbox::{Weight, batch_length};
use super::sessions::PendingOutcome;
use crate::common::{Ending, Headers, LostCause, Outcome, WorkerExit};
use bytes::Bytes;
use powerhose_protocol::{JobEnd, Message, MessageHeaders, OutcomeEntry, Outcomes};

impl Desk {
    /// Writes the outcomes of this turn, a client's together.
    pub(super) fn send_outcomes(&mut self) {
        let mut answered = std::mem::take(&mut self.sessions.answered);
        for client in answered.drain(..) {
            let Some(session) = self.sessions.get_mut(client) else { continue };
            let (route, session, mut outcomes) =
                (session.route, session.id, std::mem::take(&mut session.outcomes));
            while !outcomes.is_empty() {
                let count = batch_length(outcomes.iter().map(weight), self.dispatcher.settings());
                let part: Vec<PendingOutcome> = outcomes.drain(..count).collect();
                let header = Message::Outcomes(Outcomes {
                    session,
                    outcomes: part.iter().map(|pending| entry(pending.call, &pending.outcome)).collect(),
                })
                .encode();
                let payloads = part.into_iter().map(|pending| payload(pending.outcome)).collect();
                self.push(route, header, payloads);
            }
            if let Some(session) = self.sessions.get_mut(client) {
                session.outcomes = outcomes;
            }
        }
        self.sessions.answered = answered;
    }
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
