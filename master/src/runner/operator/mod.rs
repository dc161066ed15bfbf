//! Asks a master in another process what it knows, and gives it orders: what an operator's tools are made of.
//!
//! One connection, one thread, one question at a time: everything blocks, and heartbeats go out while it waits.

mod order;
mod session;

pub use order::{OperatorError, Order, Progress, Selector};

use super::builder::ConnectError;
use crate::common::WorkerInfo;
use crate::transport::clock;
use crate::transport::dealer::Dealer;
use powerhose_protocol::{Belief, Bye, Control, Greeter, Kind, Message, Page, Pages, Status, Value, decode};
use session::Session;
use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

/// How soon HELLO goes out again while there is no connection to take it.
const CONNECT_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// How soon HELLO goes out again while no answer comes.
const HELLO_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long after the time of an order the master's last word about it is awaited.
const LAST_WORD_WITHIN: Duration = Duration::from_secs(5);

/// An operator's connection to a master. Made by [`ClientBuilder::operator`](super::ClientBuilder::operator).
pub struct Operator {
    dealer: Dealer,
    greeter: Greeter,
    endpoint: String,
    /// How long an answer may take.
    patience: Duration,
    session: Option<Session>,
    /// Its connection has ended, and what came before may not have been read yet.
    has_disconnected: bool,
    started: Instant,
    orders: u64,
}

/// What came from the master.
enum Heard {
    State {
        query: String,
        state: Value,
    },
    Controlled {
        id: u64,
        progress: Value,
    },
    Refused {
        kind: u64,
        code: String,
        text: String,
    },
    /// The session is over.
    Ended,
}

impl Operator {
    pub(super) fn greet(
        dealer: Dealer,
        greeter: Greeter,
        endpoint: String,
        patience: Duration,
    ) -> Result<Operator, ConnectError> {
        let started = clock::now();
        let mut operator = Operator {
            dealer,
            greeter,
            endpoint,
            patience,
            session: None,
            has_disconnected: false,
            started,
            orders: 0,
        };
        operator.begin_session()?;
        Ok(operator)
    }

    /// The master's process id on its host.
    pub fn master_pid(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.pid)
    }

    /// Names this run of the master: it is another one after a restart.
    pub fn master_epoch(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.epoch)
    }

    /// The answer to a query of PROTOCOL.md, section 12: `master`, `workers` or `pools`. If it comes in pages, this is
    /// all of them.
    ///
    /// # Errors
    /// See [`OperatorError`].
    pub fn ask(&mut self, query: &str) -> Result<Value, OperatorError> {
        let until = clock::now() + self.patience;
        loop {
            let session = self.session()?;
            let (mut pages, mut query) = (Pages::default(), Cow::Borrowed(query));
            self.send(&Message::Status(Status { session, query: &query }));
            loop {
                match self.listen(until)? {
                    Heard::State { query: answered, state } if answered == query => match pages.take(state) {
                        Page::Last(state) => return Ok(state),
                        Page::More(next) => {
                            self.send(&Message::Status(Status { session, query: &next }));
                            query = next.into();
                        }
                    },
                    Heard::Refused { kind, code, text } if kind == Kind::Status as u64 => {
                        return Err(OperatorError::Refused { code, text });
                    }
                    // A question has no effect: it is asked again in the next session.
                    Heard::Ended => break,
                    Heard::State { .. } | Heard::Controlled { .. } | Heard::Refused { .. } => {}
                }
            }
        }
    }

    /// The workers that are registered now, by id.
    ///
    /// # Errors
    /// See [`OperatorError`].
    pub fn workers(&mut self) -> Result<Vec<WorkerInfo>, OperatorError> {
        let state = self.ask("workers")?;
        let workers = state.field("workers").and_then(Value::as_array).unwrap_or(&[]);
        Ok(workers.iter().filter_map(WorkerInfo::from_value).collect())
    }

    /// Gives an order, and waits until it has had its effect on every worker selected or `within` is over.
    ///
    /// # Errors
    /// See [`OperatorError`].
    pub fn order(
        &mut self,
        order: Order,
        selector: &Selector,
        within: Duration,
    ) -> Result<Progress, OperatorError> {
        let (verb, selector) = (order.verb(), selector.to_string());
        let session = self.session()?;
        self.orders += 1;
        let id = self.orders;
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        self.send(&Message::Control(Control { session, id, verb, selector: &selector, within_ms }));
        let until = clock::now() + within + LAST_WORD_WITHIN;
        loop {
            match self.listen(until)? {
                Heard::Controlled { id: answered, progress } if answered == id => {
                    return Ok(Progress::read(&progress));
                }
                Heard::Refused { kind, code, text } if kind == Kind::Control as u64 => {
                    return Err(OperatorError::Refused { code, text });
                }
                Heard::Ended => return Err(OperatorError::Gone { endpoint: self.endpoint.clone() }),
                Heard::State { .. } | Heard::Controlled { .. } | Heard::Refused { .. } => {}
            }
        }
    }

    /// The session; a new one where there is none.
    fn session(&mut self) -> Result<u64, ConnectError> {
        // What came while nobody listened: the session may have ended.
        while self.session.is_some() && self.next_message().is_some() {}
        match &self.session {
            Some(session) => Ok(session.number),
            None => self.begin_session(),
        }
    }

    fn begin_session(&mut self) -> Result<u64, ConnectError> {
        self.has_disconnected = false;
        let begun = clock::now();
        let until = begun + self.patience;
        let mut hello_at = begun;
        loop {
            let now = clock::now();
            if now >= hello_at {
                let hello = self.greeter.hello();
                let sent = self.dealer.send(&hello, &[]).is_ok();
                hello_at = now + if sent { HELLO_AGAIN_AFTER } else { CONNECT_AGAIN_AFTER };
            }
            if let Some(session) = self.read_greetings()? {
                return Ok(session);
            }
            if now >= until {
                let endpoint = self.endpoint.clone();
                return Err(ConnectError::Unreachable { endpoint, after: self.patience });
            }
            self.dealer.sleep(Some(until.min(hello_at)));
        }
    }

    /// The session that the master opens, once it does.
    fn read_greetings(&mut self) -> Result<Option<u64>, ConnectError> {
        while let Some(frame) = self.dealer.receive(&mut Vec::new()) {
            match decode(frame.as_ref(), 0) {
                Ok(Message::Challenge(_)) => match self.greeter.prove(frame.as_ref()) {
                    Some(proof) => drop(self.dealer.send(&proof, &[])),
                    None => {
                        return Err(
                            self.refused("authentication", "it asks for a shared secret, and none was given")
                        );
                    }
                },
                Ok(Message::Welcome(welcome)) => {
                    match self.greeter.judge(&welcome) {
                        Belief::Believed => {}
                        Belief::Outdated => continue,
                        Belief::Denied => {
                            return Err(self.refused("authentication", "it does not know the shared secret"));
                        }
                    }
                    let session = Session::new(&welcome, clock::now());
                    let number = session.number;
                    self.session = Some(session);
                    return Ok(Some(number));
                }
                Ok(Message::Reject(reject)) if reject.retry_after_ms.is_none() => {
                    return Err(self.refused(reject.code, reject.text));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn refused(&self, code: &str, text: &str) -> ConnectError {
        ConnectError::Refused {
            endpoint: self.endpoint.clone(),
            code: code.to_owned(),
            text: text.to_owned(),
        }
    }

    /// What the master says next, until then.
    fn listen(&mut self, until: Instant) -> Result<Heard, OperatorError> {
        loop {
            // Asked first: what came over a connection before it ended counts.
            self.has_disconnected |= self.dealer.has_disconnected();
            if let Some(heard) = self.next_message() {
                return Ok(heard);
            }
            if std::mem::take(&mut self.has_disconnected) || self.session.is_none() {
                self.session = None;
                return Ok(Heard::Ended);
            }
            let now = clock::now();
            if now >= until {
                let endpoint = self.endpoint.clone();
                return Err(OperatorError::Silent { endpoint, within: self.patience });
            }
            let heartbeat_at = self.heartbeat(now);
            self.dealer.sleep(Some(until.min(heartbeat_at)));
        }
    }

    /// The next message that has arrived and matters to whoever waits.
    fn next_message(&mut self) -> Option<Heard> {
        loop {
            let frame = self.dealer.receive(&mut Vec::new())?;
            let Ok(message) = decode(frame.as_ref(), 0) else { continue };
            let Some(session) = &mut self.session else { continue };
            if let Message::Unknown(_) = message {
                self.session = None;
                return Some(Heard::Ended);
            }
            if let Message::Reject(reject) = message {
                let (code, text) = (reject.code.to_owned(), reject.text.to_owned());
                return Some(Heard::Refused { kind: reject.kind, code, text });
            }
            if message.session() != Some(session.number) {
                continue;
            }
            match message {
                Message::Heartbeat(heartbeat) => session.sequence_received = heartbeat.sequence,
                Message::State(state) => {
                    return Some(Heard::State { query: state.query.to_owned(), state: state.state });
                }
                Message::Controlled(controlled) => {
                    return Some(Heard::Controlled { id: controlled.id, progress: controlled.progress });
                }
                Message::Bye(_) => {
                    self.session = None;
                    return Some(Heard::Ended);
                }
                _ => {}
            }
        }
    }

    /// Says that we live, if it is time, and tells when to do so again.
    fn heartbeat(&mut self, now: Instant) -> Instant {
        let Some(session) = &mut self.session else { return now + HELLO_AGAIN_AFTER };
        let heartbeat = session.heartbeat(now, self.started);
        let next = session.heartbeat_at;
        if let Some(heartbeat) = heartbeat {
            self.send(&Message::Heartbeat(heartbeat));
        }
        next
    }

    fn send(&mut self, message: &Message<'_>) {
        // A connection that is gone shows when the answer is awaited.
        let _ = self.dealer.send(&message.encode(), &[]);
    }
}

impl Drop for Operator {
    /// Says goodbye, so that the master need not find out.
    fn drop(&mut self) {
        if let Some(session) = &self.session {
            let session = session.number;
            self.send(&Message::Bye(Bye { session, code: "leaving", text: "" }));
        }
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
