//! The client's side of the protocol: how a runner in another process speaks with the master.
//!
//! A pure state machine, like the [`dispatcher`](crate::dispatcher): calls, messages and the time go into a
//! [`ClientMachine`], [`ClientAction`]s come out. Jobs that are submitted while there is no session wait here, within
//! bounds, until their deadline; jobs that were sent in a session that ends are lost with the master.

mod action;
mod admission;
mod calls;
mod outcome;
mod questions;
mod sending;
mod session;
mod settings;
mod timeouts;

#[cfg(test)]
mod tests;

pub use action::ClientAction;
pub use settings::ClientSettings;

use crate::dispatcher::{Ending, Submission};
use crate::timers::{TimerKey, Timers};
use bytes::Bytes;
use calls::Calls;
use powerhose_protocol::{
    CODE_CLOSING, Credentials, Greeter, JobId, Message, Outcomes, ROLE_CLIENT, Reject, decode,
};
use questions::Questions;
use session::Connection;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use timeouts::Timer;
use tracing::{debug, info, warn};

/// How a client introduces itself.
const SOFTWARE: &str = concat!("powerhose-master/", env!("CARGO_PKG_VERSION"));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifecycle {
    Open,
    Closing,
    Closed,
}

/// The machine; see the module.
pub struct ClientMachine {
    settings: ClientSettings,
    greeter: Greeter,
    started: Instant,
    /// The latest time that was handed in.
    now: Instant,
    connection: Connection,
    calls: Calls,
    /// Calls that the master need not bring to an end any more, and has not been told of.
    abandoned: Vec<u64>,
    timers: Timers<Timer>,
    heartbeat_timer: TimerKey,
    actions: VecDeque<ClientAction>,
    lifecycle: Lifecycle,
    welcomed: bool,
    questions: Questions,
}

impl ClientMachine {
    /// A client that has yet to say HELLO. With credentials, it believes only a master that proves itself.
    pub fn new(settings: ClientSettings, credentials: Option<Credentials>, now: Instant) -> ClientMachine {
        let mut timers = Timers::new(now);
        let heartbeat_timer = timers.set(now, Timer::Heartbeat);
        ClientMachine {
            settings,
            greeter: Greeter::new(ROLE_CLIENT, SOFTWARE.to_owned(), credentials),
            started: now,
            now,
            connection: Connection::Greeting { hello_at: now },
            calls: Calls::default(),
            abandoned: Vec::new(),
            timers,
            heartbeat_timer,
            actions: VecDeque::new(),
            lifecycle: Lifecycle::Open,
            welcomed: false,
            questions: Questions::default(),
        }
    }

    /// A caller hands a job over. It ends with exactly one [`ClientAction::Complete`] unless it is abandoned. A number
    /// of a call is never used twice.
    pub fn submit(&mut self, now: Instant, call: u64, submission: Submission, deadline: Instant) {
        self.now = self.now.max(now);
        match self.admit(&submission) {
            Ok(()) => {
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
        if self.lifecycle == Lifecycle::Open {
            self.lifecycle = Lifecycle::Closing;
        }
        self.timers.set(self.now + within, Timer::CloseNow);
    }

    /// A message from the master: its header frame, whatever bytes it holds, and the frames behind it, which are taken
    /// out.
    pub fn receive(&mut self, now: Instant, header: &[u8], payloads: &mut Vec<Bytes>) {
        self.now = self.now.max(now);
        let message = match decode(header, payloads.len()) {
            Ok(message) => message,
            Err(error) => return warn!(%error, "the master sent what cannot be read"),
        };
        match message {
            Message::Welcome(welcome) => self.welcome(&welcome),
            Message::Challenge(_) => self.challenged(header),
            Message::Unknown(_) => self.end_session(),
            Message::Reject(reject) => self.rejected(&reject),
            message => self.in_session(message, payloads),
        }
    }

    fn rejected(&mut self, reject: &Reject<'_>) {
        let Reject { kind, code, text, .. } = *reject;
        match code {
            // It was heard to end, or will be; the next HELLO finds whoever comes in its place.
            CODE_CLOSING => debug!(text, "the master ends; another may come"),
            _ => warn!(kind, code, text, "the master refused a message"),
        }
        if matches!(self.connection, Connection::Greeting { .. }) && reject.retry_after_ms.is_none() {
            self.actions.push_back(ClientAction::Refused { code: code.to_owned(), text: text.to_owned() });
        }
    }

    fn in_session(&mut self, message: Message<'_>, payloads: &mut Vec<Bytes>) {
        let Connection::Live(session) = &mut self.connection else { return };
        if message.session() != Some(session.session) {
            return debug!(kind = %message.kind(), "a message of a foreign session was dropped");
        }
        session.last_heard = self.now;
        match message {
            Message::Heartbeat(heartbeat) => session.sequence_received = heartbeat.sequence,
            Message::Outcomes(outcomes) => self.outcomes(&outcomes, payloads),
            Message::State(state) => self.told(state),
            Message::Bye(bye) => {
                info!(code = bye.code, text = bye.text, "the master said goodbye");
                self.end_session();
            }
            other => debug!(kind = %other.kind(), "a message that means nothing to a client"),
        }
    }

    fn outcomes(&mut self, outcomes: &Outcomes<'_>, payloads: &mut Vec<Bytes>) {
        for (entry, payload) in outcomes.outcomes.iter().zip(payloads.drain(..)) {
            let job = self.job_of(entry.call);
            match self.calls.take_sent(entry.call) {
                Some((sent, timer)) => {
                    self.timers.stop(timer);
                    let outcome = outcome::read(entry, payload, &sent);
                    self.complete(entry.call, job, outcome);
                }
                None => debug!(call = entry.call, "an outcome that nobody waits for"),
            }
        }
    }

    /// The name of a call at the master, once it has been sent there.
    fn job_of(&self, call: u64) -> Option<JobId> {
        match &self.connection {
            Connection::Live(session) if self.calls.is_sent(call) => Some(JobId::new(session.peer, call)),
            _ => None,
        }
    }

    fn forget(&mut self, call: u64) -> Option<calls::Call> {
        let forgotten = self.calls.remove(call)?;
        self.timers.stop(forgotten.timer);
        Some(forgotten)
    }

    fn complete(&mut self, call: u64, job: Option<JobId>, outcome: crate::dispatcher::Outcome) {
        self.actions.push_back(ClientAction::Complete { call, job, outcome });
    }

    fn send(&mut self, header: Vec<u8>, payloads: Vec<Bytes>) {
        self.actions.push_back(ClientAction::Send { header, payloads });
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
        self.timers.next().map(|(when, _)| when)
    }

    /// How many calls have not ended.
    pub fn pending(&self) -> usize {
        self.calls.len()
    }

    /// Whether there is a session with a master.
    pub fn is_connected(&self) -> bool {
        matches!(self.connection, Connection::Live(_))
    }
}
