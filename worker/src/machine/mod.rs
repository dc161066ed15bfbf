//! The worker's side of the protocol as a state machine: messages and the time go in, actions come out.
//!
//! It decides everything that can be decided: when to say HELLO and HEARTBEAT, which job is next, when a session or the
//! worker is at its end. It must never touch a socket, a thread, a clock or a random source, so that a simulation can
//! drive the very type that [`Worker::run`](crate::Worker::run) drives.
//!
//! ```text
//! machine.handle(now, &header, &mut payloads);      // a message came
//! machine.handle_timeout(now);                      // after all that came was handled
//! while let Some(action) = machine.poll_action() { .. }
//! machine.next_job(now), machine.finish(..)         // around the handler
//! machine.poll_timeout()                            // when to call handle_timeout at the latest, and why
//! ```
//!
//! | state | meaning | leaves it by |
//! |---|---|---|
//! | greeting | HELLO was sent, or will be | WELCOME; REJECT; silence |
//! | registering | a session is open, REGISTER was sent, or will be | REGISTERED; REJECT; end of the session |
//! | ready | jobs may come | [`leave`](Machine::leave); end of the session |
//! | leaving | QUIET was sent | QUIETED (or a second without it) and the handler's end |
//! | ended | no session, and none to come | |

mod action;
mod answers;
mod greeting;
mod jobs;
mod leaving;
mod limited;
mod messages;
mod pools;
mod session;
mod settings;
mod timeouts;

#[cfg(test)]
mod tests;

pub use action::{Action, Ending, Outcome, Work};
pub(crate) use answers::truncated;
pub use settings::{PoolSettings, Settings};

use jobs::Handler;
use limited::LimitedLog;
use pools::Pools;
use powerhose_protocol::{Greeter, Message, ROLE_WORKER, decode};
use session::Session;
use std::collections::VecDeque;
use std::ops::Deref;
use std::time::Instant;

/// What carries the bytes of a job or a reply: `zmq::Message` beside a socket, `Vec<u8>` or `Bytes` in tests.
pub trait Payload: Deref<Target = [u8]> + From<Vec<u8>> {}

impl<P: Deref<Target = [u8]> + From<Vec<u8>>> Payload for P {}

/// The worker's side of the protocol; see the [module](self).
#[derive(Debug)]
pub struct Machine<P> {
    settings: Settings,
    pools: Pools,
    greeter: Greeter,
    /// Zero of the worker's own clock, the `sent_ms` of its heartbeats.
    started: Instant,
    /// The last sign of life of the master.
    heard_at: Instant,
    /// When HELLO was sent last.
    greeted_at: Option<Instant>,
    state: State,
    /// Jobs of the present session that have not begun.
    queue: VecDeque<Work<P>>,
    handler: Handler,
    actions: VecDeque<Action<P>>,
    nonsense: LimitedLog,
    /// How often in a row the master said: later.
    refusals: u64,
}

#[derive(Debug)]
enum State {
    Greeting { hello_at: Instant, reach: Reach },
    Registering { session: Session, step: Registration },
    Ready { session: Session },
    Leaving { session: Session, step: Departure },
    Ended(Ending),
}

#[derive(Debug)]
enum Reach {
    /// Nothing speaks against HELLO reaching the master.
    Presumed,
    /// There was no connection when it was last tried.
    Unconnected,
}

#[derive(Debug)]
enum Registration {
    /// REGISTER was sent; this session is given up unless it is answered in time.
    Sent { patience_until: Instant },
    /// The master said: later.
    Deferred { again_at: Instant },
}

#[derive(Debug)]
enum Departure {
    /// QUIET was sent, jobs may still be on their way.
    AwaitingQuieted { patience_until: Instant },
    /// No more jobs will come.
    Quieted,
}

impl<P: Payload> Machine<P> {
    /// A machine that says HELLO at once: its first [`handle_timeout`](Machine::handle_timeout) yields it.
    pub fn new(now: Instant, settings: Settings) -> Machine<P> {
        Machine {
            pools: Pools::new(&settings.pools),
            greeter: Greeter::new(ROLE_WORKER, settings.software.clone(), settings.credentials.clone()),
            settings,
            started: now,
            heard_at: now,
            greeted_at: None,
            state: State::Greeting { hello_at: now, reach: Reach::Presumed },
            queue: VecDeque::new(),
            handler: Handler::Idle,
            actions: VecDeque::new(),
            nonsense: LimitedLog::default(),
            refusals: 0,
        }
    }

    /// A message came: its header frame and its payload frames, which are taken out of `payloads`.
    ///
    /// What cannot be read and what belongs to a foreign session is dropped here, before anything of it takes effect.
    pub fn handle(&mut self, now: Instant, header: &[u8], payloads: &mut Vec<P>) {
        match decode(header, payloads.len()) {
            Ok(message) => self.handle_message(now, header, message, payloads),
            Err(error) => self.nonsense.note(now, &error),
        }
        payloads.clear();
    }

    /// What to do next. Call it until it returns `None` after every other call.
    pub fn poll_action(&mut self) -> Option<Action<P>> {
        self.actions.pop_front()
    }

    /// How it ended, once it has and no handler runs: then there is nothing left to do.
    pub fn ending(&self) -> Option<&Ending> {
        match (&self.state, &self.handler) {
            (State::Ended(ending), Handler::Idle) => Some(ending),
            _ => None,
        }
    }

    /// Whether a session with the master is open.
    pub fn has_session(&self) -> bool {
        self.session().is_some()
    }

    /// Whether the only thing missing for a HELLO is a connection; see [`handle_connected`](Machine::handle_connected).
    pub fn awaits_connection(&self) -> bool {
        matches!(self.state, State::Greeting { reach: Reach::Unconnected, .. })
    }

    fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Registering { session, .. }
            | State::Ready { session }
            | State::Leaving { session, .. } => Some(session),
            State::Greeting { .. } | State::Ended(_) => None,
        }
    }

    fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.state {
            State::Registering { session, .. }
            | State::Ready { session }
            | State::Leaving { session, .. } => Some(session),
            State::Greeting { .. } | State::Ended(_) => None,
        }
    }

    fn send(&mut self, message: Message<'_>, payloads: Vec<P>) {
        debug_assert_eq!(message.payload_frames(), payloads.len());
        self.actions.push_back(Action::Send { header: message.encode(), payloads });
    }

    /// Forgets the session with all that belongs to it; a running handler's reply will be dropped.
    fn forget_session(&mut self) {
        if !self.queue.is_empty() {
            tracing::debug!(jobs = self.queue.len(), "dropped jobs of a session that is over");
        }
        self.queue.clear();
        self.actions.retain(|action| !matches!(action, Action::Send { .. }));
        self.cancel_running();
    }

    /// The session is over and another is wanted, unless the worker was leaving anyway.
    fn greet_again(&mut self, hello_at: Instant, reach: Reach) {
        self.forget_session();
        self.state = match self.state {
            State::Leaving { .. } => State::Ended(Ending::Left),
            State::Ended(_) => return,
            State::Greeting { .. } | State::Registering { .. } | State::Ready { .. } => {
                State::Greeting { hello_at, reach }
            }
        };
    }

    fn end(&mut self, ending: Ending) {
        self.forget_session();
        self.state = State::Ended(ending);
    }
}
