//! What a client sends once everything that came in has been looked at, so that what came together goes out together.

use super::action::ClientAction;
use super::calls::Leaving;
use super::session::Connection;
use super::{ClientMachine, Lifecycle, outcome};
use crate::dispatcher::{Ending, Repeat};
use bytes::Bytes;
use powerhose_protocol::limits::ENTRIES_MAX;
use powerhose_protocol::{Abandon, Bye, CallEntry, Execute, FLAG_ONCE, JobId, Message};
use std::time::{Duration, Instant};

/// How often a client introduces itself while there is a connection and nobody answers.
const HELLO_UNANSWERED: Duration = Duration::from_secs(1);

impl ClientMachine {
    pub(super) fn settle(&mut self) {
        match &mut self.connection {
            Connection::Greeting { hello_at } => {
                if *hello_at <= self.now && self.lifecycle == Lifecycle::Open {
                    *hello_at = self.now + HELLO_UNANSWERED;
                    let header = self.greeter.hello();
                    self.send(header, Vec::new());
                }
            }
            Connection::Live(_) => {
                self.send_calls();
                self.send_abandoned();
                self.send_questions();
            }
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
        let Connection::Live(session) = &self.connection else { return };
        if batch.is_empty() {
            return;
        }
        let (session, peer) = (session.session, session.peer);
        for leaving in &batch {
            let job = JobId::new(peer, leaving.call);
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
        while let Connection::Live(session) = &self.connection
            && batch.len() < session.batch_jobs_max
        {
            let Some(submission) = self.calls.first_unsent() else { break };
            // It waited for a session, and the master of this one takes less than it needs.
            if let Err(rejection) = session.check_size(submission) {
                self.end_first(Ending::Rejected(rejection));
                continue;
            }
            let length = submission.payload.len();
            if !batch.is_empty() && bytes + length > session.batch_bytes_max {
                break;
            }
            bytes += length;
            let Some(leaving) = self.calls.send_first() else { break };
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
        let Connection::Live(session) = &self.connection else { return };
        let session = session.session;
        for calls in std::mem::take(&mut self.abandoned).chunks(ENTRIES_MAX) {
            let abandon = Abandon { session, calls: calls.to_vec() };
            self.send(Message::Abandon(abandon).encode(), Vec::new());
        }
    }

    fn say_goodbye(&mut self) {
        let Connection::Live(session) = &self.connection else { return };
        let bye = Bye { session: session.session, code: "done", text: "" };
        self.send(Message::Bye(bye).encode(), Vec::new());
    }
}

fn call_entry(leaving: &Leaving, now: Instant) -> CallEntry<'_> {
    let Leaving { call, deadline, submission } = leaving;
    let left_ms = deadline.saturating_duration_since(now).as_millis() as u64;
    CallEntry {
        call: *call,
        pool: &submission.pool,
        // The wire knows no shorter time.
        timeout_ms: left_ms.max(1),
        flags: if submission.repeat == Repeat::Never { FLAG_ONCE } else { 0 },
        attempts_max: submission.attempts_max.map(u64::from),
        headers: submission.headers.to_wire(),
    }
}
