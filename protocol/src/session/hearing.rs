//! What a message of the master says to a peer, whatever its role. Here stands what makes a message foreign, and which
//! REJECT ends the greeting; nothing else decides that.

use super::{PeerSession, Reach, State, Terms, milliseconds};
use crate::{Belief, Bye, Heartbeat, Kind, Message, Reject, VERSION_MAX, VERSION_MIN, Welcome};
use std::time::{Duration, Instant};

/// The kind of a message in a REJECT that could not be read.
const UNREADABLE: u64 = 0;

/// What has come of a message.
#[derive(Debug, PartialEq)]
#[must_use]
pub enum Heard<'a> {
    /// A sign of life, and no more.
    Heartbeat,
    /// It has no effect, for this reason.
    Dropped(&'static str),
    /// This header frame is to be sent: a PROOF.
    Prove(Vec<u8>),
    /// A session is open. If one was before, it is over, with all that belonged to it.
    Opened,
    /// The master does not know the session: it is over, and HELLO will be due.
    Unknown,
    /// The master has ended the session: HELLO will be due, unless the peer [ends](PeerSession::end).
    Bye(Bye<'a>),
    /// The master wants to be greeted later; HELLO will be due then.
    Deferred(Reject<'a>),
    /// The master, or whoever answers in its place, is none for this peer: it is over.
    Refused {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        text: String,
    },
    /// Something else that the peer has sent was refused.
    Rejected(Reject<'a>),
    /// A message of the present session that only the role can read.
    Message(Message<'a>),
}

impl PeerSession {
    /// A message came; `header` is the frame that it was read from.
    pub fn handle<'a>(&mut self, now: Instant, header: &[u8], message: Message<'a>) -> Heard<'a> {
        if let State::Over = self.state {
            return Heard::Dropped("no session is wanted any longer");
        }
        match message {
            Message::Challenge(_) => self.challenged(now, header),
            Message::Welcome(welcome) => self.welcomed(now, &welcome),
            Message::Unknown(_) => self.unknown(now),
            Message::Reject(reject) => self.rejected(now, reject),
            message => self.in_session(now, message),
        }
    }

    /// How long a message of the present session, sent at `sent_ms`, lay in buffers, beyond what the quickest one of this
    /// session took. Nothing without a session.
    pub fn lateness(&mut self, now: Instant, sent_ms: u64) -> Duration {
        let clock_ms = self.clock_ms(now);
        match &mut self.state {
            State::Live(live) => live.lateness(clock_ms, sent_ms),
            State::Greeting { .. } | State::Over => Duration::ZERO,
        }
    }

    fn challenged(&mut self, now: Instant, challenge: &[u8]) -> Heard<'static> {
        if let State::Live(_) = self.state {
            return Heard::Dropped("a CHALLENGE came within a session");
        }
        self.heard_at = now;
        match self.greeter.prove(challenge) {
            Some(header) => Heard::Prove(header),
            None => {
                let role = self.role.word();
                let text =
                    format!("the master asks for the proof of a shared secret, and this {role} has none");
                self.refuse("authentication", text)
            }
        }
    }

    fn welcomed(&mut self, now: Instant, welcome: &Welcome<'_>) -> Heard<'static> {
        match (self.greeter.judge(welcome), &self.state) {
            (Belief::Outdated, _) => return Heard::Dropped("a WELCOME answers the HELLO before the last"),
            // In a session, it can only be left over from a connection before this one.
            (Belief::Denied, State::Live(_)) => return Heard::Dropped("a WELCOME proves nothing"),
            (Belief::Denied, State::Greeting { .. } | State::Over) => {
                let text = "whoever answers does not know the secret that is shared with the master";
                return self.refuse("authentication", text.to_owned());
            }
            (Belief::Believed, State::Live(live)) if !live.is_replaced_by(welcome) => {
                return Heard::Dropped("a WELCOME is older than the session");
            }
            (Belief::Believed, _) => {}
        }
        if !(VERSION_MIN..=VERSION_MAX).contains(&welcome.version) {
            let text = format!("the master chose version {}, which was not offered", welcome.version);
            return self.refuse("version", text);
        }
        self.heard_at = now;
        self.attempts = 0;
        self.state = State::Live(Live::open(now, self.clock_ms(now), welcome));
        Heard::Opened
    }

    fn unknown(&mut self, now: Instant) -> Heard<'static> {
        self.heard_at = now;
        if self.terms().is_none() {
            return Heard::Dropped("an UNKNOWN can only be about what was sent before HELLO");
        }
        self.begin_again(now);
        Heard::Unknown
    }

    fn rejected<'a>(&mut self, now: Instant, reject: Reject<'a>) -> Heard<'a> {
        self.heard_at = now;
        let is_greeting = matches!(self.state, State::Greeting { .. });
        // Nothing but HELLO and PROOF is sent without a session: one of them it was that could not be read.
        if !is_greeting || ![UNREADABLE, Kind::Hello as u64, Kind::Proof as u64].contains(&reject.kind) {
            return Heard::Rejected(reject);
        }
        let Some(milliseconds) = reject.retry_after_ms else {
            return self.refuse(reject.code, reject.text.to_owned());
        };
        self.state =
            State::Greeting { hello_at: now + self.retry_after(milliseconds), reach: Reach::Presumed };
        Heard::Deferred(reject)
    }

    fn in_session<'a>(&mut self, now: Instant, message: Message<'a>) -> Heard<'a> {
        let State::Live(live) = &mut self.state else {
            return Heard::Dropped("a message is of a session that is over");
        };
        if message.session() != Some(live.terms.session) {
            return Heard::Dropped("a message is of a foreign session");
        }
        self.heard_at = now;
        match message {
            Message::Heartbeat(heartbeat) => {
                live.received(milliseconds(self.started, now), &heartbeat);
                Heard::Heartbeat
            }
            Message::Bye(bye) => {
                self.begin_again(now);
                Heard::Bye(bye)
            }
            message => Heard::Message(message),
        }
    }

    fn refuse(&mut self, code: &str, text: String) -> Heard<'static> {
        self.end();
        Heard::Refused { code: code.to_owned(), text }
    }
}

/// A session that is open: its heartbeats, and how late its messages arrive.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) terms: Terms,
    pub(super) heartbeat_at: Instant,
    /// Counts our heartbeats.
    sequence: u64,
    /// The last of the master's that came.
    acknowledged: u64,
    /// The smallest difference seen between our clock on arrival and the master's on departure: what the clocks differ
    /// by, plus the quickest journey.
    lag_ms_min: i64,
}

impl Live {
    /// `clock_ms` is the peer's own clock.
    pub(super) fn open(now: Instant, clock_ms: u64, welcome: &Welcome<'_>) -> Live {
        let terms = Terms::read(welcome);
        Live {
            heartbeat_at: now + terms.heartbeat,
            terms,
            sequence: 0,
            acknowledged: 0,
            lag_ms_min: lag_ms(clock_ms, welcome.sent_ms),
        }
    }

    /// Whether this WELCOME opens a session that came after this one. A master counts the sessions of its run.
    pub(super) fn is_replaced_by(&self, welcome: &Welcome<'_>) -> bool {
        welcome.epoch != self.terms.epoch || welcome.peer > self.terms.peer
    }

    pub(super) fn received(&mut self, clock_ms: u64, heartbeat: &Heartbeat) {
        self.acknowledged = self.acknowledged.max(heartbeat.sequence);
        self.lateness(clock_ms, heartbeat.sent_ms);
    }

    fn lateness(&mut self, clock_ms: u64, sent_ms: u64) -> Duration {
        let lag = lag_ms(clock_ms, sent_ms);
        self.lag_ms_min = self.lag_ms_min.min(lag);
        Duration::from_millis(lag.saturating_sub(self.lag_ms_min).unsigned_abs())
    }

    /// The next heartbeat; the one after it becomes due an interval from now.
    pub(super) fn next_heartbeat(&mut self, now: Instant, clock_ms: u64) -> Heartbeat {
        self.heartbeat_at = now + self.terms.heartbeat;
        self.sequence += 1;
        Heartbeat {
            session: self.terms.session,
            sequence: self.sequence,
            acknowledged: self.acknowledged,
            sent_ms: clock_ms,
        }
    }
}

fn lag_ms(clock_ms: u64, sent_ms: u64) -> i64 {
    let signed = |milliseconds: u64| i64::try_from(milliseconds).unwrap_or(i64::MAX);
    signed(clock_ms).saturating_sub(signed(sent_ms))
}
