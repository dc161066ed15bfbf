//! A desk between peers of paper: a test says what they send and reads what they get. Time passes only when the
//! test lets it.
//!
//! What is said before the next look (at messages, ends or the clock) came in together, as in one turn of the loop.

mod jobs;
mod peers;
mod sent;
mod warnings;

pub(crate) use jobs::{Answer, job};
pub(crate) use peers::{Peer, Registration, hello, offers};
pub(crate) use sent::{Ended, Given, Refusal, Sent};
pub(crate) use warnings::Warnings;

use crate::common::{Notice, Outcome, Settings};
use crate::desk::{Action, Desk, Event, Identity, Route};
use crate::wires::clock;
use bytes::Bytes;
use powerhose_protocol::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The host of the master.
pub(crate) const HOST: &str = "here";
/// More timers than this within one step would be a livelock.
const STEPS_MAX: usize = 100_000;

pub(crate) struct Bench {
    pub(crate) desk: Desk,
    pub(crate) now: Instant,
    last_route: u64,
    last_call: u64,
    /// Connections to which nothing can be handed over.
    cut: BTreeSet<Route>,
    sent: Vec<(Route, Sent)>,
    ended: Vec<(u64, Outcome)>,
    notices: Vec<Notice>,
    closed: usize,
    cut_off: Vec<Route>,
}

impl Bench {
    /// A master with default settings, of which nobody has heard yet.
    pub(crate) fn new() -> Bench {
        Bench::with(|_| {})
    }

    /// The same with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Bench {
        let mut settings = Settings::default();
        change(&mut settings);
        let now = clock::now();
        let identity = Identity { pid: 1, host: HOST.to_owned() };
        Bench {
            desk: Desk::new(settings, identity, 42, now),
            now,
            last_route: 0,
            last_call: 0,
            cut: BTreeSet::new(),
            sent: Vec::new(),
            ended: Vec::new(),
            notices: Vec::new(),
            closed: 0,
            cut_off: Vec::new(),
        }
    }

    pub(crate) fn event(&mut self, event: Event<'_>) {
        self.desk.handle(self.now, event);
        self.desk.check_invariants();
    }

    /// Lets the desk do what it wants to do.
    pub(crate) fn act(&mut self) {
        while let Some(action) = self.desk.poll_action() {
            match action {
                Action::Send { route, .. } if self.cut.contains(&route) => {
                    self.event(Event::Ended { route });
                }
                Action::Send { route, header, payloads } => {
                    self.desk.has_sent(&header, &payloads);
                    self.sent.push((route, Sent::read(&header, payloads).1));
                }
                Action::Complete { call, outcome } => self.ended.push((call, outcome)),
                Action::Notify(notice) => self.notices.push(notice),
                Action::Closed => self.closed += 1,
                Action::Cut { route } => self.cut_off.push(route),
            }
        }
        self.desk.check_invariants();
    }

    /// Milliseconds pass. Whatever becomes due is done when it is.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        self.act();
        let until = self.now + Duration::from_millis(milliseconds);
        for _ in 0..STEPS_MAX {
            let due = self.desk.poll_timeout().map(|(due, _)| due).filter(|due| *due <= until);
            self.now = due.unwrap_or(until).max(self.now);
            self.desk.handle_timeout(self.now);
            self.act();
            if due.is_none() {
                return;
            }
        }
        panic!("a timer that never rests: {:?}", self.desk.poll_timeout());
    }

    /// The loop stands still: nothing that becomes due is done before the end.
    pub(crate) fn stand_still(&mut self, milliseconds: u64) {
        self.act();
        self.now += Duration::from_millis(milliseconds);
    }

    // Peers.

    pub(crate) fn connect(&mut self) -> Route {
        self.last_route += 1;
        Route::new(0, self.last_route)
    }

    pub(crate) fn say<'a>(&mut self, route: Route, message: impl Into<Message<'a>>) {
        self.say_with(route, message, Vec::new());
    }

    pub(crate) fn say_with<'a>(
        &mut self,
        route: Route,
        message: impl Into<Message<'a>>,
        payloads: Vec<Bytes>,
    ) {
        self.say_bytes(route, &message.into().encode(), payloads);
    }

    pub(crate) fn say_bytes(&mut self, route: Route, header: &[u8], mut payloads: Vec<Bytes>) {
        self.event(Event::Received { route, header, payloads: &mut payloads });
    }

    pub(crate) fn hello(&mut self, route: Route, role: &str) {
        self.say(route, hello(role));
    }

    /// A peer that has been welcomed.
    pub(crate) fn welcomed(&mut self, role: &str) -> Peer {
        let route = self.connect();
        self.hello_again(route, role)
    }

    /// HELLO on a connection that may have a session, and its answer.
    pub(crate) fn hello_again(&mut self, route: Route, role: &str) -> Peer {
        self.hello(route, role);
        let heard = self.heard_on(route);
        let Some(Sent::Welcome(welcome)) = heard.last() else { panic!("no WELCOME: {heard:?}") };
        Peer { route, session: welcome.session, number: welcome.peer }
    }

    pub(crate) fn client(&mut self) -> Peer {
        self.welcomed(ROLE_CLIENT)
    }

    /// A worker of one pool.
    pub(crate) fn worker(&mut self, pool: &'static str) -> Peer {
        self.worker_that(offers(&[pool]))
    }

    pub(crate) fn worker_that(&mut self, registration: Registration) -> Peer {
        let worker = self.welcomed(ROLE_WORKER);
        self.register(worker, &registration);
        self.act();
        let registered = |(to, sent): &(Route, Sent)| {
            *to == worker.route && matches!(sent, Sent::Registered { worker: id, .. } if *id == worker.number)
        };
        let place = self.sent.iter().position(registered).expect("REGISTERED");
        self.sent.remove(place);
        worker
    }

    pub(crate) fn register(&mut self, worker: Peer, registration: &Registration) {
        let pools =
            registration.pools.iter().map(|(pool, credit_max)| PoolOffer { pool, credit_max: *credit_max });
        let register = Register {
            session: worker.session,
            pools: pools.collect(),
            pid: registration.pid,
            host: registration.host,
            instance: "instance",
            attentive: registration.attentive,
            labels: NamedValues(vec![("rack", "b")]),
        };
        self.say(worker.route, register);
    }

    /// A sign of life that acknowledges nothing.
    pub(crate) fn beat(&mut self, peer: Peer) {
        self.acknowledge(peer, 0);
    }

    pub(crate) fn acknowledge(&mut self, peer: Peer, acknowledged: u64) {
        self.say(peer.route, Heartbeat { session: peer.session, sequence: 1, acknowledged, sent_ms: 0 });
    }

    /// Seconds pass while all these peers say that they live.
    pub(crate) fn pass_with(&mut self, peers: &[Peer], seconds: u64) {
        for _ in 0..seconds {
            peers.iter().for_each(|peer| self.beat(*peer));
            self.pass(1000);
        }
    }

    pub(crate) fn say_bye(&mut self, peer: Peer) {
        self.say(peer.route, Bye { session: peer.session, code: "leaving", text: "" });
    }

    pub(crate) fn say_quiet(&mut self, peer: Peer) {
        self.say(peer.route, Quiet { session: peer.session });
    }

    /// The peer's process dies; the master finds out when it sends something.
    pub(crate) fn cut(&mut self, peer: Peer) {
        self.cut.insert(peer.route);
    }

    pub(crate) fn suspect(&mut self, peer: Peer) {
        self.event(Event::Suspected { route: peer.route });
    }

    /// The peer's process dies, and the master notices.
    pub(crate) fn die(&mut self, peer: Peer) {
        self.cut(peer);
        self.event(Event::Ended { route: peer.route });
    }

    // What comes out.

    /// What this connection has got since the last look.
    pub(crate) fn heard_on(&mut self, route: Route) -> Vec<Sent> {
        self.act();
        let (heard, rest) = std::mem::take(&mut self.sent).into_iter().partition(|(to, _)| *to == route);
        self.sent = rest;
        let heard: Vec<(Route, Sent)> = heard;
        heard.into_iter().map(|(_, sent)| sent).collect()
    }

    /// What this peer has got since the last look, without HEARTBEATs.
    pub(crate) fn heard(&mut self, peer: Peer) -> Vec<Sent> {
        let heard = self.heard_on(peer.route);
        heard.into_iter().filter(|sent| !matches!(sent, Sent::Heartbeat { .. })).collect()
    }

    /// The REJECT that this peer has got, and nothing else.
    pub(crate) fn refusal(&mut self, peer: Peer) -> Refusal {
        match self.heard(peer).as_slice() {
            [Sent::Reject(refusal)] => refusal.clone(),
            other => panic!("one REJECT was expected: {other:?}"),
        }
    }

    /// What was noticed since the last look.
    pub(crate) fn notices(&mut self) -> Vec<Notice> {
        self.act();
        std::mem::take(&mut self.notices)
    }

    /// The connections that the master has cut off.
    pub(crate) fn cut_off(&mut self) -> Vec<Route> {
        self.act();
        self.cut_off.clone()
    }

    /// How often the master has said that it is done.
    pub(crate) fn closed(&mut self) -> usize {
        self.act();
        self.closed
    }
}
