//! A loop that tests turn by hand, its callers, and workers of paper.

use super::super::EventLoop;
use super::network::Network;
use crate::common::{Notice, PoolSettings, Settings, Stats};
use crate::desk::tests::harness::{self, Given, Sent};
use crate::desk::{Desk, Identity, Route};
use crate::runner::engine::link::{Command, Link};
use crate::runner::engine::turning::{Fate, Turn, Turning};
use crate::runner::{JobRunner, Place};
use crate::wires::clock;
use crate::wires::router::Router;
use bytes::Bytes;
use crossbeam_channel::Receiver;
use powerhose_protocol::*;
use powerhose_wires::Wakeup;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// More turns than this without a rest would be a livelock.
const TURNS_MAX: usize = 10_000;

pub(super) struct Stage {
    event_loop: EventLoop,
    pub(super) network: Network,
    pub(super) runner: JobRunner,
    now: Instant,
    last_route: u64,
    sent: Vec<(Route, Sent)>,
}

/// A turn, and the sleep after one in which there was nothing to do.
fn turn_once(event_loop: &mut EventLoop) -> Option<Fate> {
    match event_loop.turn() {
        Turn::Worked => None,
        Turn::Idle => {
            event_loop.sleep(None);
            None
        }
        Turn::Ended => Some(Fate::Closed),
    }
}

/// Turns until the end.
pub(super) fn run(mut event_loop: EventLoop) {
    let turn = || loop {
        if let Some(fate) = turn_once(&mut event_loop) {
            return fate;
        }
    };
    let fate = catch_unwind(AssertUnwindSafe(turn)).unwrap_or(Fate::Broken);
    event_loop.end(fate);
}

/// A worker of paper.
#[derive(Clone, Copy)]
pub(super) struct Worker {
    pub(super) route: Route,
    pub(super) session: u64,
    pub(super) number: u64,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage::with_credit(1)
    }

    pub(super) fn with_credit(credit: u32) -> Stage {
        let now = clock::now();
        clock::stand_at(now);
        let pools = vec![(DEFAULT_POOL.to_owned(), PoolSettings::new().credit(credit))];
        let settings = Settings { pools, ..Settings::default() };
        let identity = Identity { pid: 1, host: "here".to_owned() };
        let desk = Desk::new(settings, identity, 42, now);
        let network = Network::default();
        let wakeup = Arc::new(Wakeup::new().expect("an eventfd"));
        let (sender, commands) = crossbeam_channel::unbounded();
        let router = Router::over(Box::new(network.listener(wakeup.clone())), wakeup.clone())
            .expect("it looks at nothing");
        let event_loop = EventLoop::new(router, desk, commands, wakeup.clone(), Vec::new());
        let link = Link::new(sender, wakeup, Duration::from_secs(5));
        let runner = JobRunner::new(link, Place::Embedded, Vec::new());
        Stage { event_loop, network, runner, now, last_route: 0, sent: Vec::new() }
    }

    /// One turn of the loop, which must not be its last.
    pub(super) fn turn(&mut self) {
        assert_eq!(self.turn_once(), None);
        let sent = self.network.sent().into_iter();
        self.sent.extend(sent.map(|(to, header, payloads)| (to, Sent::read(&header, payloads).1)));
    }

    fn turn_once(&mut self) -> Option<Fate> {
        turn_once(&mut self.event_loop)
    }

    /// Turns until the loop sleeps.
    pub(super) fn until_idle(&mut self) {
        self.network.sleeps();
        for _ in 0..TURNS_MAX {
            self.turn();
            if !self.network.sleeps().is_empty() {
                return;
            }
        }
        panic!("the loop never rests");
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        clock::stand_at(self.now);
    }

    pub(super) fn stats(&self) -> Stats {
        self.event_loop.desk.stats()
    }

    pub(super) fn subscribe(&mut self, subscriber: impl FnMut(&Notice) -> ControlFlow<()> + Send + 'static) {
        let _ = self.runner.link().ask(Command::Subscribe(Box::new(subscriber)));
        self.turn();
    }

    /// Asks the loop to end; what it answers.
    pub(super) fn close(&mut self, within: Duration) -> Receiver<u64> {
        let (done, answer) = crossbeam_channel::bounded(1);
        let _ = self.runner.link().ask(Command::Close { within, since: clock::now(), done });
        answer
    }

    /// For tests that let the loop run to its end.
    pub(super) fn take_apart(self) -> (JobRunner, EventLoop) {
        (self.runner, self.event_loop)
    }

    // Workers.

    pub(super) fn say<'a>(&mut self, route: Route, message: impl Into<Message<'a>>) {
        self.network.deliver(route, message.into().encode(), Vec::new());
    }

    /// A worker of the default pool, registered.
    pub(super) fn worker(&mut self) -> Worker {
        self.last_route += 1;
        let route = Route::new(0, self.last_route);
        self.say(route, harness::hello(ROLE_WORKER));
        self.turn();
        let heard = self.heard(route);
        let Some(Sent::Welcome(welcome)) = heard.first() else { panic!("no WELCOME: {heard:?}") };
        let (session, number) = (welcome.session, welcome.peer);
        let register = Register {
            session,
            pools: vec![PoolOffer { pool: DEFAULT_POOL, credit_max: 64 }],
            pid: 7,
            host: "there",
            instance: "instance",
            attentive: true,
            labels: NamedValues(Vec::new()),
        };
        self.say(route, register);
        self.turn();
        let heard = self.heard(route);
        assert!(matches!(heard.first(), Some(Sent::Registered { .. })), "{heard:?}");
        Worker { route, session, number }
    }

    fn heard(&mut self, route: Route) -> Vec<Sent> {
        let (heard, rest) = std::mem::take(&mut self.sent).into_iter().partition(|(to, _)| *to == route);
        self.sent = rest;
        let heard: Vec<(Route, Sent)> = heard;
        heard.into_iter().map(|(_, sent)| sent).collect()
    }

    /// What a worker got since the last look, without heartbeats.
    pub(super) fn sent(&mut self, worker: Worker) -> Vec<Sent> {
        let heard = self.heard(worker.route).into_iter();
        heard.filter(|sent| !matches!(sent, Sent::Heartbeat { .. })).collect()
    }

    pub(super) fn batches(&mut self, worker: Worker) -> Vec<Vec<Given>> {
        let sent = self.sent(worker).into_iter();
        sent.filter_map(|sent| if let Sent::Jobs(jobs) = sent { Some(jobs) } else { None }).collect()
    }

    /// The job that a worker got, and its only one.
    pub(super) fn job(&mut self, worker: Worker) -> Given {
        let mut jobs: Vec<Given> = self.batches(worker).into_iter().flatten().collect();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0)
    }

    /// The header of a reply.
    pub(super) fn reply(&self, worker: Worker, given: &Given) -> Vec<u8> {
        let entry = ReplyEntry {
            job: given.job,
            attempt: given.attempt,
            end: WorkerEnd::Done,
            run_us: 10_000,
            code: "",
            text: "",
            headers: MessageHeaders::default(),
        };
        Message::from(Replies { session: worker.session, replies: vec![entry] }).encode()
    }

    pub(super) fn done(&mut self, worker: Worker, given: &Given) {
        let header = self.reply(worker, given);
        self.network.deliver(worker.route, header, vec![Bytes::from_static(b"reply")]);
    }
}
