//! The desk: the master's side of the Powerhose protocol, in front of the dispatcher (`master/src/dispatcher`).
//!
//! A pure state machine. [`Event`]s and the time go in, [`Action`]s come out:
//!
//! ```text
//! desk.handle(now, event);
//! desk.handle_timeout(now);
//! while let Some(action) = desk.poll_action() { .. }
//! desk.poll_timeout()        // when to call handle_timeout next, and why
//! ```
//!
//! The desk reads messages, knows who has which session, asks for proofs, counts strikes and answers questions. What it
//! reads becomes an event of the dispatcher; what the dispatcher wants becomes messages. It decides nothing of jobs and
//! workers. It never touches a socket, a thread, a clock or a random source, and it cannot fail: hostile input becomes a
//! REJECT or a counter. Messages are written when the actions are polled, so that whatever came in together goes out
//! together.

mod control;
mod event;
mod greeting;
mod messages;
mod outbox;
mod outcomes;
mod proofs;
mod random;
mod registration;
mod sessions;
mod status;
mod strikes;
#[cfg(test)]
pub(crate) mod tests;

pub use crate::common::{
    Clock, Ending, GoneCause, LostCause, Notice, Outcome, PoolSettings, Rejection, Repeat, Settings,
    SharedSecrets, Stats, Submission, WorkerInfo,
};
pub use crate::dispatcher::{Holdings, Identity};
pub use event::{Action, Event, Route};
pub use random::Seed;

use crate::dispatcher::{self, Dispatcher, PeerKey};
use crate::timers::Timers;
use control::Controls;
use powerhose_protocol::Limiter;
use proofs::Handshakes;
use random::Random;
use sessions::{PendingOutcome, Sessions};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use strikes::{HandshakeRate, Strikes};

/// What is due at an instant, beside what the dispatcher has.
#[derive(Clone, Copy, Debug)]
enum Timer {
    /// When handshakes that take too long are forgotten.
    Handshakes,
    /// When an order has taken as long as it may.
    Control(u32),
}

/// The state machine; see the module.
pub struct Desk {
    dispatcher: Dispatcher,
    /// This run of this master.
    epoch: u64,
    /// The latest time that was handed in.
    now: Instant,
    random: Random,
    sessions: Sessions,
    handshakes: Handshakes,
    handshake_rate: HandshakeRate,
    /// When handshakes are looked after next; nothing while there are none.
    handshakes_due: Option<Instant>,
    strikes: Strikes,
    controls: Controls,
    timers: Timers<Timer>,
    limiter: Limiter,
    counted: Counted,
    actions: VecDeque<Action>,
}

/// What is counted of messages. The rest of [`Stats`] is the dispatcher's.
#[derive(Default)]
struct Counted {
    messages_refused: u64,
    messages_foreign: u64,
    messages_received: u64,
    messages_sent: u64,
    bytes_received: u64,
    bytes_sent: u64,
    peers_refused: u64,
    peers_cut_off: u64,
}

impl Desk {
    /// A desk without peers, and a dispatcher without jobs. `seed` must be new and secret in every run: epoch, sessions
    /// and nonces come from it.
    pub fn new(settings: Settings, identity: Identity, seed: impl Into<Seed>, now: Instant) -> Desk {
        let seed = seed.into();
        let mut random = Random::new(seed.sessions());
        let burst = settings.workers_max.saturating_add(settings.clients_max);
        let handshake_rate = HandshakeRate::new(settings.handshakes_per_second_max, burst, now);
        Desk {
            epoch: random.next(),
            dispatcher: Dispatcher::new(settings, identity, now),
            now,
            random,
            sessions: Sessions::default(),
            handshakes: Handshakes::new(seed.nonces()),
            handshake_rate,
            handshakes_due: None,
            strikes: Strikes::default(),
            controls: Controls::default(),
            timers: Timers::new(now),
            limiter: Limiter::default(),
            counted: Counted::default(),
            actions: VecDeque::new(),
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Instant, event: Event<'_>) {
        self.pass_time(now);
        match event {
            Event::Received { route, header, payloads } => {
                self.receive(route, header, payloads);
                self.cut_off_offender();
            }
            Event::Submit { call, submission } => self.dispatcher.submit_here(call, submission),
            Event::Abandon { call } => self.dispatcher.abandon_here(call),
            Event::Ended { route } => self.ended(route),
            Event::Suspected { route } => {
                if let Some(peer) = self.sessions.find(route) {
                    self.dispatcher.suspect(peer);
                }
            }
            Event::Supervised { pid } => self.dispatcher.supervise(pid),
            Event::Exited { pid, exit } => self.dispatcher.exited(pid, exit),
            Event::Close { within } => self.dispatcher.close(within),
        }
        self.follow();
    }

    fn pass_time(&mut self, now: Instant) {
        // What comes in together comes in at the same time.
        if now > self.now {
            self.now = now;
            self.dispatcher.pass_time(now);
        }
    }

    fn ended(&mut self, route: Route) {
        self.handshakes.forget(route);
        if let Some(peer) = self.sessions.find(route) {
            self.dispatcher.gone(peer, GoneCause::Disconnected);
        }
    }

    /// Acts on every time that has come. Call it after all events of a turn: a reply that came in together with its job's
    /// deadline wins.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.pass_time(now);
        self.dispatcher.handle_timeout();
        self.follow();
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Handshakes => self.look_after_handshakes(),
                Timer::Control(number) => self.control_expired(number),
            }
        }
    }

    /// What is to be done next. When this gives nothing, all that came in has been acted upon.
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.dispatcher.assign();
            self.follow();
            if !self.controls.pending.is_empty() {
                self.follow_controls();
            }
            if !self.sessions.answered.is_empty() {
                self.send_outcomes();
            }
            if self.dispatcher.is_closing() {
                self.dispatcher.finish_closing();
                self.follow();
            }
        }
        self.actions.pop_front()
    }

    /// Does what the dispatcher wants done. After most events that is nothing.
    fn follow(&mut self) {
        if self.dispatcher.wants_something() {
            self.follow_all();
        }
    }

    fn follow_all(&mut self) {
        while let Some(action) = self.dispatcher.next_action() {
            match action {
                dispatcher::Action::Give(worker) => self.send_jobs(worker),
                dispatcher::Action::Recall { worker, jobs } => self.send_recall(worker, &jobs),
                dispatcher::Action::Cancel { worker, job } => self.send_cancel(worker, job),
                dispatcher::Action::Told { client, call, outcome } => self.tell(client, call, outcome),
                dispatcher::Action::Ask(peer) => self.send_heartbeat(peer),
                dispatcher::Action::Dismiss(peer) => self.dismiss(peer),
                dispatcher::Action::Gone(peer) => self.sessions.remove(peer),
                dispatcher::Action::Notify(notice) => self.actions.push_back(Action::Notify(notice)),
                dispatcher::Action::Closed => self.actions.push_back(Action::Closed),
            }
        }
    }

    /// A job has ended: a caller in this process hears it at once, a client with the others of this turn.
    fn tell(&mut self, client: PeerKey, call: u64, outcome: Outcome) {
        let Some(session) = self.sessions.get_mut(client) else {
            return self.actions.push_back(Action::Complete { call, outcome });
        };
        session.outcomes.push(PendingOutcome { call, outcome });
        if session.outcomes.len() == 1 {
            self.sessions.answered.push(client);
        }
    }

    /// When to call [`handle_timeout`](Desk::handle_timeout) next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let own = self.timers.next().map(|(when, timer)| match timer {
            Timer::Handshakes => (when, "handshakes"),
            Timer::Control(_) => (when, "end of an order"),
        });
        [self.dispatcher.poll_timeout(), own].into_iter().flatten().min_by_key(|(when, _)| *when)
    }

    /// This run of this master.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How long every worker has enough to do, whatever comes meanwhile.
    pub fn stock_lasts(&self) -> Duration {
        self.dispatcher.stock_lasts()
    }

    /// What was counted so far, and what is held now.
    pub fn stats(&self) -> Stats {
        Stats {
            messages_refused: self.counted.messages_refused,
            messages_foreign: self.counted.messages_foreign,
            messages_received: self.counted.messages_received,
            messages_sent: self.counted.messages_sent,
            bytes_received: self.counted.bytes_received,
            bytes_sent: self.counted.bytes_sent,
            peers_refused: self.counted.peers_refused,
            peers_cut_off: self.counted.peers_cut_off,
            ..self.dispatcher.stats()
        }
    }

    /// How many peers the wires have refused so far.
    pub fn has_refused(&mut self, peers: u64) {
        self.counted.peers_refused = peers;
    }

    /// How many jobs have ended without a reply; asked for also when nothing else can be relied upon.
    pub(crate) fn unanswered(&self) -> u64 {
        self.dispatcher.unanswered()
    }

    /// How many had before this time, which may lie some seconds back.
    pub(crate) fn unanswered_before(&self, when: Instant) -> u64 {
        self.dispatcher.unanswered_before(when)
    }

    /// How much it holds now. Simulations ask whether it comes back to rest.
    pub fn holdings(&self) -> Holdings {
        let dispatcher = self.dispatcher.holdings();
        Holdings {
            timers: dispatcher.timers + self.timers.len(),
            handshakes: self.handshakes.len(),
            orders: self.controls.pending.len(),
            ..dispatcher
        }
    }

    /// Panics, naming what is broken, unless everything that refers to something else refers to what is there.
    pub fn check_invariants(&self) {
        self.dispatcher.check_invariants();
        assert_eq!(self.sessions.len(), self.dispatcher.peers(), "every peer has a session");
    }
}
