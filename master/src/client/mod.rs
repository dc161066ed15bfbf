//! The client's side of the protocol: how a runner in another process speaks with the master.
//!
//! A pure state machine, like the dispatcher: calls, messages and the time go into a
//! [`ClientMachine`], [`ClientAction`]s come out. Jobs that are submitted while there is no session wait here, within
//! bounds, until their deadline; jobs that were sent in a session that ends are lost with the master. A master that wants
//! nothing to do with this client ends it: what waits, and what comes later, ends as rejected.

mod action;
mod admission;
mod calls;
mod messages;
mod orders;
mod outcome;
mod questions;
mod sending;
mod session;
mod settings;
mod timeouts;

#[cfg(test)]
mod tests;

pub use crate::common::{Clock, Ending, Outcome, Repeat, Submission};
pub use action::{ClientAction, Course, Refusal};
pub use settings::ClientSettings;

use crate::timers::Timers;
use bytes::Bytes;
use calls::Calls;
use orders::Orders;
use powerhose_protocol::session::{PeerSession, PeerSettings, Role, Terms};
use powerhose_protocol::{Credentials, JobId};
use questions::Questions;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use timeouts::Timer;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Lifecycle {
    Open,
    /// The master wants nothing to do with this client.
    Refused(Refusal),
    Closing,
    Closed,
}

/// The machine; see the module.
pub struct ClientMachine {
    settings: ClientSettings,
    /// What is the same for every peer.
    peer: PeerSession,
    /// Our number in the session in which the calls were sent that are at the master.
    number: u64,
    /// The latest time that was handed in.
    now: Instant,
    calls: Calls,
    /// Calls that the master need not bring to an end any more, and has not been told of.
    abandoned: Vec<u64>,
    timers: Timers<Timer>,
    actions: VecDeque<ClientAction>,
    lifecycle: Lifecycle,
    welcomed: bool,
    questions: Questions,
    orders: Orders,
}

impl ClientMachine {
    /// A client that has yet to say HELLO. With credentials, it believes only a master that proves itself.
    pub fn new(settings: ClientSettings, credentials: Option<Credentials>, now: Instant) -> ClientMachine {
        let peer = PeerSettings {
            role: Role::Client,
            software: settings.software.to_owned(),
            credentials,
            silence_max: settings.silence_max,
        };
        ClientMachine {
            settings,
            peer: PeerSession::new(peer, now),
            number: 0,
            now,
            calls: Calls::default(),
            abandoned: Vec::new(),
            timers: Timers::new(now),
            actions: VecDeque::new(),
            lifecycle: Lifecycle::Open,
            welcomed: false,
            questions: Questions::default(),
            orders: Orders::default(),
        }
    }

    /// A caller hands a job over. It ends with exactly one [`ClientAction::Complete`] unless it is abandoned. A number
    /// of a call is never used twice.
    pub fn submit(&mut self, now: Instant, call: u64, submission: Submission, deadline: Instant) {
        self.now = self.now.max(now);
        match self.admit(&submission) {
            Ok(()) => {
                // To wait for a session counts in any case: there may be no master any more.
                let deadline = match submission.clock {
                    Clock::FromSubmission => deadline,
                    Clock::FromDispatch => deadline.min(self.now + submission.timeout.unwrap_or_default()),
                };
                let timer = self.deadline_timer(call, deadline);
                self.calls.add(call, submission, deadline, timer);
            }
            Err(rejection) => self.complete(call, None, outcome::own(Ending::Rejected(rejection), false)),
        }
    }

    /// A caller no longer waits. No [`ClientAction::Complete`] follows.
    pub fn abandon(&mut self, call: u64) {
        if let Some(forgotten) = self.forget(call)
            && forgotten.was_sent()
        {
            self.abandoned.push(call);
        }
    }

    /// Takes no further jobs; ends those that are left when the time is over. [`ClientAction::Closed`] comes last.
    pub fn close(&mut self, now: Instant, within: Duration) {
        self.now = self.now.max(now);
        match self.lifecycle {
            Lifecycle::Open | Lifecycle::Refused(_) => self.lifecycle = Lifecycle::Closing,
            Lifecycle::Closing | Lifecycle::Closed => {}
        }
        self.timers.set(self.now + within, Timer::CloseNow);
    }

    /// What is to be done next.
    pub fn poll_action(&mut self) -> Option<ClientAction> {
        if self.actions.is_empty() {
            self.settle();
        }
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](ClientMachine::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timer = self.timers.next().map(|(when, _)| when);
        let peer = self.peer.poll_timeout().map(|(when, _)| when);
        timer.into_iter().chain(peer).min()
    }

    /// How many calls have not ended.
    pub fn pending(&self) -> usize {
        self.calls.len()
    }

    /// Whether there is a session with a master.
    pub fn is_connected(&self) -> bool {
        self.peer.terms().is_some()
    }

    /// What the master said of the session that is open.
    pub fn terms(&self) -> Option<&Terms> {
        self.peer.terms()
    }

    /// Why the master wants nothing to do with this client, if that is so.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.lifecycle {
            Lifecycle::Refused(refusal) => Some(refusal),
            Lifecycle::Open | Lifecycle::Closing | Lifecycle::Closed => None,
        }
    }

    /// The name of a call at the master, once it has been sent there.
    fn job_of(&self, call: u64) -> Option<JobId> {
        self.calls.is_sent(call).then(|| JobId::new(self.number, call))
    }

    fn forget(&mut self, call: u64) -> Option<calls::Call> {
        let forgotten = self.calls.remove(call)?;
        self.timers.stop(forgotten.timer);
        Some(forgotten)
    }

    fn complete(&mut self, call: u64, job: Option<JobId>, outcome: crate::common::Outcome) {
        self.actions.push_back(ClientAction::Complete { call, job, outcome });
    }

    fn send(&mut self, header: Vec<u8>, payloads: Vec<Bytes>) {
        self.actions.push_back(ClientAction::Send { header, payloads });
    }
}
