//! What a client sends once everything that came in has been looked at, so that what came together goes out together.

use super::action::ClientAction;
use super::admission::check_size;
use super::calls::Leaving;
use super::{ClientMachine, Lifecycle, outcome};
use crate::common::{Clock, Ending, Repeat, WAIT_MAX};
use bytes::Bytes;
use powerhose_protocol::limits::ENTRIES_MAX;
use powerhose_protocol::{Abandon, CallEntry, Execute, FLAG_FROM_DISPATCH, FLAG_ONCE, JobId, Message};
use std::time::Instant;

impl ClientMachine {
    pub(super) fn settle(&mut self) {
        if self.is_connected() {
            self.send_calls();
            self.send_abandoned();
            self.send_questions();
        }
        if let Lifecycle::Refused(refusal) = &self.lifecycle {
            let refusal = refusal.clone();
            self.questions_refused(&refusal);
        }
        if self.lifecycle == Lifecycle::Closing && self.calls.len() == 0 {
            self.lifecycle = Lifecycle::Closed;
            self.say_goodbye();
            self.actions.push_back(ClientAction::Closed);
        }
    }

    /// Sends what waits, as many calls in a message as a batch may have.
    fn send_calls(&mut self) {
        let batch = self.take_batch();
        let Some(session) = self.session() else { return };
        if batch.is_empty() {
            return;
        }
        for leaving in &batch {
            let job = JobId::new(self.number, leaving.call);
            self.actions.push_back(ClientAction::Named { call: leaving.call, job });
        }
        let calls = batch.iter().map(|leaving| call_entry(leaving, self.now)).collect();
        let header = Message::Execute(Execute { session, calls }).encode();
        let payloads: Vec<Bytes> = batch.into_iter().map(|leaving| leaving.submission.payload).collect();
        self.send(header, payloads);
    }

    fn take_batch(&mut self) -> Vec<Leaving> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(terms) = self.peer.terms()
            && batch.len() < terms.batch_jobs_max
        {
            let Some(submission) = self.calls.first_unsent() else { break };
            // It waited for a session, and the master of this one takes less than it needs.
            if let Err(rejection) = check_size(submission, terms) {
                self.end_first(Ending::Rejected(rejection));
                continue;
            }
            let length = submission.payload.len();
            if !batch.is_empty() && bytes + length > terms.batch_bytes_max {
                break;
            }
            bytes += length;
            let Some(leaving) = self.calls.send_first() else { break };
            if leaving.submission.clock == Clock::FromDispatch {
                // The master counts from here on.
                let timer = self.deadline_timer(leaving.call, self.now + WAIT_MAX);
                if let Some(before) = self.calls.replace_timer(leaving.call, timer) {
                    self.timers.stop(before);
                }
            }
            batch.push(leaving);
        }
        batch
    }

    fn end_first(&mut self, ending: Ending) {
        let Some(call) = self.calls.first_number() else { return };
        self.forget(call);
        self.complete(call, None, outcome::own(ending, false));
    }

    fn send_abandoned(&mut self) {
        let Some(session) = self.session() else { return };
        for calls in std::mem::take(&mut self.abandoned).chunks(ENTRIES_MAX) {
            let abandon = Abandon { session, calls: calls.to_vec() };
            self.send(Message::Abandon(abandon).encode(), Vec::new());
        }
    }

    fn say_goodbye(&mut self) {
        if let Some(bye) = self.peer.goodbye() {
            self.send(bye, Vec::new());
        }
    }

    /// The number of the present session.
    pub(super) fn session(&self) -> Option<u64> {
        self.peer.terms().map(|terms| terms.session)
    }
}

fn call_entry(leaving: &Leaving, now: Instant) -> CallEntry<'_> {
    let Leaving { call, deadline, submission } = leaving;
    let left = match submission.clock {
        Clock::FromSubmission => deadline.saturating_duration_since(now),
        Clock::FromDispatch => submission.timeout.unwrap_or_default(),
    };
    let once = if submission.repeat == Repeat::Never { FLAG_ONCE } else { 0 };
    let from_dispatch = if submission.clock == Clock::FromDispatch { FLAG_FROM_DISPATCH } else { 0 };
    CallEntry {
        call: *call,
        pool: &submission.pool,
        // The wire knows no shorter time.
        timeout_ms: (left.as_millis() as u64).max(1),
        flags: once | from_dispatch,
        attempts_max: submission.attempts_max.map(u64::from),
        headers: submission.headers.to_wire(),
    }
}
