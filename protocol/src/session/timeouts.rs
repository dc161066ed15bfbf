//! What becomes due with time. [`PeerSession::poll_timeout`] tells every deadline of a peer's session.

use super::{HELLO_UNANSWERED, PeerSession, Reach, Role, State, Watch, milliseconds};
use crate::Message;
use std::time::{Duration, Instant};

/// Being called so much later than asked means that the process stood still, and the master's messages with it.
const STANDSTILL: Duration = Duration::from_secs(1);

/// What the time has brought.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Due {
    /// Nothing.
    Nothing,
    /// This header frame is to be sent: a HELLO or a HEARTBEAT.
    Send(Vec<u8>),
    /// The master was silent for too long. The session is over, if there was one: a client greets again, for a worker it is
    /// the end.
    Silent,
}

/// Why time is to be let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// HELLO is due.
    Hello,
    /// HELLO is to be tried again, as there was no connection for the last.
    Connection,
    /// HEARTBEAT is due.
    Heartbeat,
    /// The master has been silent for too long.
    Silence,
}

impl Timer {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Timer::Hello => "hello",
            Timer::Connection => "connection",
            Timer::Heartbeat => "heartbeat",
            Timer::Silence => "silence",
        }
    }
}

impl PeerSession {
    /// When [`handle_timeout`](PeerSession::handle_timeout) has to be called at the latest, and why. None once all is over.
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let next = match &self.state {
            State::Greeting { hello_at, reach: Reach::Presumed } => (*hello_at, Timer::Hello),
            State::Greeting { hello_at, reach: Reach::Unconnected } => (*hello_at, Timer::Connection),
            State::Live(live) => (live.heartbeat_at, Timer::Heartbeat),
            State::Over => return None,
        };
        match self.silent_at() {
            Some(at) if at <= next.0 => Some((at, Timer::Silence)),
            _ => Some(next),
        }
    }

    /// Time has passed. To be called after all messages that came were handled, or a peer that stood still would take its
    /// own absence for the master's.
    pub fn handle_timeout(&mut self, now: Instant) -> Due {
        let Some((due, _)) = self.poll_timeout() else { return Due::Nothing };
        self.forgive(now, now.saturating_duration_since(due));
        if self.silent_at().is_some_and(|at| at <= now) {
            match self.role {
                Role::Worker => self.end(),
                Role::Client => self.begin_again(now),
            }
            return Due::Silent;
        }
        match &mut self.state {
            State::Greeting { hello_at, .. } if *hello_at <= now => Due::Send(self.say_hello(now)),
            State::Live(live) if live.heartbeat_at <= now => {
                let heartbeat = live.next_heartbeat(now, milliseconds(self.started, now));
                Due::Send(Message::from(heartbeat).encode())
            }
            State::Greeting { .. } | State::Live(_) | State::Over => Due::Nothing,
        }
    }

    /// Called so much later than asked, the peer was away itself for as long: that is not the master's silence. After a long
    /// absence the silence counts anew, as the master may have been away too.
    fn forgive(&mut self, now: Instant, late: Duration) {
        self.heard_at = if late > STANDSTILL { now } else { now.min(self.heard_at + late) };
    }

    fn say_hello(&mut self, now: Instant) -> Vec<u8> {
        self.greeted_at = Some(now);
        self.state = State::Greeting { hello_at: now + HELLO_UNANSWERED, reach: Reach::Presumed };
        self.greeter.hello()
    }

    fn silent_at(&self) -> Option<Instant> {
        let counts = match (self.watch, &self.state) {
            (Watch::Always, State::Greeting { .. } | State::Live(_)) => true,
            (Watch::InSession, State::Live(_)) => true,
            (Watch::InSession, State::Greeting { .. }) | (Watch::Never, _) | (_, State::Over) => false,
        };
        counts.then(|| self.heard_at + self.silence_max)
    }
}
