//! What every peer of a master does, whatever its role: it says HELLO until it is answered, proves itself, keeps a session
//! alive, and begins again when that is over (PROTOCOL.md, sections 4 to 6 and 13). Pure: its owner hands the
//! time and the randomness of its nonces in, and sends what it says.
//!
//! ```text
//! peer.handle(now, header, message)     // a message came: what the role has to know of it
//! peer.handle_timeout(now)              // after all that came was handled
//! peer.poll_timeout()                   // when to call that at the latest, and why
//! ```
//!
//! | state | meaning | leaves it by |
//! |---|---|---|
//! | greeting | HELLO was sent, or will be | WELCOME; a refusal; [`end`](PeerSession::end) |
//! | live | a session is open | UNKNOWN; BYE; silence; a send that fails; [`goodbye`](PeerSession::goodbye) |
//! | over | no session, and none to come | |

mod greeter;
mod hearing;
mod terms;
mod timeouts;

#[cfg(test)]
mod tests;

pub use greeter::{Belief, Credentials, Greeter};
pub use hearing::Heard;
pub use terms::Terms;
pub use timeouts::{Due, Timer};

use crate::{Bye, Message, ROLE_CLIENT, ROLE_WORKER};
use hearing::Live;
use std::time::{Duration, Instant};

/// The least time between two HELLOs that reach a master, and the longest between two attempts without a connection.
const HELLO_APART: Duration = Duration::from_millis(100);
/// Between the first two attempts without a connection. It doubles until it is [`HELLO_APART`].
const FIRST_ATTEMPTS_APART: Duration = Duration::from_millis(10);
/// Between two HELLOs that nobody answers.
const HELLO_UNANSWERED: Duration = Duration::from_secs(1);

/// What a peer is to its master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It gives up a master that is silent for too long, also one that it never heard of.
    Worker,
    /// It greets again when its master has been silent for too long. An operator is one, too.
    Client,
}

impl Role {
    /// Its name in HELLO.
    pub fn word(self) -> &'static str {
        match self {
            Role::Worker => ROLE_WORKER,
            Role::Client => ROLE_CLIENT,
        }
    }
}

/// Who a peer is, and how patient.
#[derive(Clone, Debug)]
pub struct PeerSettings {
    /// What it is to its master.
    pub role: Role,
    /// Name and version of its software, for the master's logs.
    pub software: String,
    /// With credentials it proves itself, and believes only a master that does so too.
    pub credentials: Option<Credentials>,
    /// How long the master may be silent.
    pub silence_max: Duration,
}

/// A peer's side of its sessions with a master, one after the other; see the [module](self).
#[derive(Debug)]
pub struct PeerSession {
    role: Role,
    silence_max: Duration,
    watch: Watch,
    greeter: Greeter,
    /// Zero of the peer's own clock, the `sent_ms` of its heartbeats.
    started: Instant,
    /// The last sign of life of the master.
    heard_at: Instant,
    /// When HELLO was said last.
    greeted_at: Option<Instant>,
    /// How often since the last session there was no connection for HELLO.
    attempts: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Greeting { hello_at: Instant, reach: Reach },
    Live(Live),
    Over,
}

#[derive(Debug)]
enum Reach {
    /// Nothing speaks against HELLO reaching the master.
    Presumed,
    /// There was no connection when it was last tried.
    Unconnected,
}

/// When the master's silence counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Always,
    InSession,
    Never,
}

impl PeerSession {
    /// A peer that says HELLO at once: its first [`handle_timeout`](PeerSession::handle_timeout) yields it.
    pub fn new(settings: PeerSettings, now: Instant) -> PeerSession {
        let PeerSettings { role, software, credentials, silence_max } = settings;
        let watch = match role {
            Role::Worker => Watch::Always,
            Role::Client => Watch::InSession,
        };
        PeerSession {
            role,
            silence_max,
            watch,
            greeter: Greeter::new(role.word(), software, credentials),
            started: now,
            heard_at: now,
            greeted_at: None,
            attempts: 0,
            state: State::Greeting { hello_at: now, reach: Reach::Presumed },
        }
    }

    /// A message could not be handed over, or the connection ended: the session is over with it.
    pub fn disconnected(&mut self, now: Instant) {
        let hello_at = match &self.state {
            State::Live(_) => self.earliest_hello(now),
            State::Greeting { .. } => {
                let apart = FIRST_ATTEMPTS_APART.saturating_mul(1 << self.attempts.min(8));
                self.attempts = self.attempts.saturating_add(1);
                now + apart.min(HELLO_APART)
            }
            State::Over => return,
        };
        self.state = State::Greeting { hello_at, reach: Reach::Unconnected };
    }

    /// There is a connection again: HELLO need not wait for its next attempt.
    pub fn connected(&mut self, now: Instant) {
        if self.awaits_connection() {
            self.state = State::Greeting { hello_at: now, reach: Reach::Presumed };
        }
    }

    /// Whether the only thing missing for a HELLO is a connection.
    pub fn awaits_connection(&self) -> bool {
        matches!(self.state, State::Greeting { reach: Reach::Unconnected, .. })
    }

    /// What the master said of the session that is open; none without one.
    pub fn terms(&self) -> Option<&Terms> {
        match &self.state {
            State::Live(live) => Some(&live.terms),
            State::Greeting { .. } | State::Over => None,
        }
    }

    /// Gives the session up and begins another, but never so soon that a broken master makes it a storm.
    pub fn begin_again(&mut self, now: Instant) {
        if let State::Over = self.state {
            return;
        }
        let hello_at = self.earliest_hello(now);
        self.state = State::Greeting { hello_at, reach: Reach::Presumed };
    }

    /// From now on no silence is too long: for a peer that leaves, and whose end another clock brings.
    pub fn ignore_silence(&mut self) {
        self.watch = Watch::Never;
    }

    /// Leaves for good. The header frame of the BYE that says so, if there is a session.
    pub fn goodbye(&mut self) -> Option<Vec<u8>> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Live(Live { terms: Terms { session, .. }, .. }) => {
                Some(Message::Bye(Bye { session, code: "leaving", text: "" }).encode())
            }
            State::Greeting { .. } | State::Over => None,
        }
    }

    /// There is no session any longer, and none to come. Nothing is said.
    pub fn end(&mut self) {
        self.state = State::Over;
    }

    /// How long to wait before a refused message is sent again. A longer wait than half of what the peer bears would look
    /// like the master's silence.
    pub fn retry_after(&self, milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds).clamp(HELLO_APART, (self.silence_max / 2).max(HELLO_APART))
    }

    fn earliest_hello(&self, now: Instant) -> Instant {
        self.greeted_at.map_or(now, |greeted_at| now.max(greeted_at + HELLO_APART))
    }

    /// Milliseconds of the peer's own clock.
    fn clock_ms(&self, now: Instant) -> u64 {
        milliseconds(self.started, now)
    }
}

fn milliseconds(since: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX)
}
