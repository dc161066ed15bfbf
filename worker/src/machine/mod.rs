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
mod pools;
mod settings;
mod timeouts;

#[cfg(test)]
mod tests;

pub use action::{Action, Ending, Outcome, Overrun, Work};
pub(crate) use answers::truncated;
pub use settings::{PoolSettings, Settings};

use jobs::Handler;
use pools::Pools;
use powerhose_protocol::session::{Heard, PeerSession, PeerSettings, Role, Terms};
use powerhose_protocol::{Limiter, Message, decode};
use std::collections::VecDeque;
use std::fmt::Display;
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
    /// What is the same for every peer: open while the state is registering, ready or leaving.
    peer: PeerSession,
    state: State,
    /// Jobs of the present session that have not begun.
    queue: VecDeque<Work<P>>,
    handler: Handler,
    actions: VecDeque<Action<P>>,
    /// For lines about what the master says and must not.
    nonsense: Limiter,
    /// How often in a row the master said: later.
    refusals: u64,
}

#[derive(Debug)]
enum State {
    Greeting,
    Registering(Registration),
    Ready,
    Leaving(Departure),
    Ended(Ending),
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
        let peer = PeerSettings {
            role: Role::Worker,
            software: settings.software.clone(),
            credentials: settings.credentials.clone(),
            silence_max: settings.silence_max,
        };
        Machine {
            pools: Pools::new(&settings.pools),
            peer: PeerSession::new(peer, now),
            settings,
            state: State::Greeting,
            queue: VecDeque::new(),
            handler: Handler::Idle,
            actions: VecDeque::new(),
            nonsense: Limiter::new(1),
            refusals: 0,
        }
    }

    /// A message came: its header frame and its payload frames, which are taken out of `payloads`.
    ///
    /// What cannot be read and what belongs to a foreign session is dropped here, before anything of it takes effect.
    pub fn handle(&mut self, now: Instant, header: &[u8], payloads: &mut Vec<P>) {
        match decode(header, payloads.len()) {
            Ok(message) => self.handle_message(now, header, message, payloads),
            Err(error) => self.note_nonsense(now, &error),
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
        self.peer.awaits_connection()
    }

    /// The terms of the present session.
    fn session(&self) -> Option<&Terms> {
        self.peer.terms()
    }

    /// `header` is the frame that the message was read from.
    fn handle_message(&mut self, now: Instant, header: &[u8], message: Message<'_>, payloads: &mut Vec<P>) {
        let kind = message.kind();
        match self.peer.handle(now, header, message) {
            Heard::Heartbeat => {}
            Heard::Dropped(why) => tracing::debug!(%kind, "dropped: {why}"),
            Heard::Prove(proof) => self.send_frame(proof, Vec::new()),
            Heard::Opened => self.opened(now),
            Heard::Unknown => {
                tracing::debug!("the master does not know this session");
                self.session_over();
            }
            Heard::Bye(bye) => self.dismissed(&bye),
            Heard::Deferred(reject) => self.deferred(&reject),
            Heard::Refused { code, text } => self.end(Ending::Refused { code, text }),
            Heard::Rejected(reject) => self.rejected(now, &reject),
            Heard::Message(message) => self.obey(now, message, payloads),
        }
    }

    /// A message of the present session.
    fn obey(&mut self, now: Instant, message: Message<'_>, payloads: &mut Vec<P>) {
        let kind = message.kind();
        match message {
            Message::Registered(registered) => self.registered(&registered),
            Message::Jobs(jobs) => self.given(now, jobs, payloads),
            Message::Cancel(cancel) => self.cancelled(now, &cancel.jobs),
            Message::Recall(recall) => self.recalled(&recall.jobs),
            Message::Quiet(_) => tracing::debug!("the master will send no new jobs"),
            Message::Quieted(_) => self.quieted(),
            Message::Resume(_) => tracing::debug!("the master may send jobs again"),
            Message::Hello(_)
            | Message::Challenge(_)
            | Message::Proof(_)
            | Message::Welcome(_)
            | Message::Heartbeat(_)
            | Message::Unknown(_)
            | Message::Bye(_)
            | Message::Reject(_)
            | Message::Register(_)
            | Message::Replies(_)
            | Message::Execute(_)
            | Message::Outcomes(_)
            | Message::Abandon(_)
            | Message::Status(_)
            | Message::State(_)
            | Message::Control(_)
            | Message::Controlled(_) => self.note_nonsense(now, &format_args!("{kind} is not for a worker")),
        }
    }

    fn send(&mut self, message: Message<'_>, payloads: Vec<P>) {
        debug_assert_eq!(message.payload_frames(), payloads.len());
        self.send_frame(message.encode(), payloads);
    }

    fn send_frame(&mut self, header: Vec<u8>, payloads: Vec<P>) {
        self.actions.push_back(Action::Send { header, payloads });
    }

    /// Logs what a broken master could repeat without end, or counts it if it comes too soon after the last.
    fn note_nonsense(&mut self, now: Instant, what: &dyn Display) {
        if let Some(suppressed_before) = self.nonsense.pass(now) {
            tracing::warn!(suppressed_before, "from the master: {what}");
        }
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
    fn session_over(&mut self) {
        self.forget_session();
        match self.state {
            State::Leaving(_) => self.end(Ending::Left),
            State::Ended(_) => {}
            State::Greeting | State::Registering(_) | State::Ready => self.state = State::Greeting,
        }
    }

    /// Says BYE once no more jobs can come and none runs.
    fn depart_if_free(&mut self) {
        if let (State::Leaving(Departure::Quieted), Handler::Idle) = (&self.state, &self.handler) {
            self.say_bye();
        }
    }

    fn end(&mut self, ending: Ending) {
        self.forget_session();
        self.peer.end();
        self.state = State::Ended(ending);
    }
}
