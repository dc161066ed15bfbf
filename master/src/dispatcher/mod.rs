//! The dispatcher: which worker gets which job, and how every job ends.
//!
//! A pure state machine. [`Event`]s and the time go in, [`Action`]s come out:
//!
//! ```text
//! dispatcher.handle(now, event);
//! dispatcher.handle_timeout(now);
//! while let Some(action) = dispatcher.poll_action() { .. }
//! dispatcher.poll_timeout()        // when to call handle_timeout next, and why
//! ```
//!
//! It never touches a socket, a thread, a clock or a random source, and it cannot fail: hostile input becomes a REJECT
//! or a counter, a broken invariant is an assertion. Jobs are given to workers and messages are written when the
//! actions are polled, so that whatever came in together goes out together.

mod accounting;
mod admission;
mod assignment;
mod closing;
mod control;
mod credit;
mod event;
mod expiry;
mod histogram;
mod holdings;
mod invariants;
mod job;
mod lull;
mod members;
mod moment;
#[cfg(not(feature = "mutations"))]
mod mutations;
#[cfg(feature = "mutations")]
pub mod mutations;
mod named;
mod obituary;
mod outbox;
mod pages;
mod peer;
mod pool;
mod proofs;
mod random;
mod replies;
mod sessions;
mod settings;
mod stats;
mod status;
mod strikes;
mod suspicion;
mod told;
mod waiting;
mod worker;
mod worker_info;

#[cfg(test)]
pub(crate) mod tests;

pub use event::{
    Action, Ending, Event, GoneCause, LostCause, Notice, Outcome, Rejection, Repeat, Route, Submission,
};
pub use histogram::Histogram;
pub use holdings::Holdings;
pub use proofs::SharedSecrets;
pub use random::Seed;
pub use settings::{PoolSettings, Settings};
pub use stats::{Ends, PoolStats, Rejections, Stats, Times, WorkerCounts};
pub use worker::WorkerState;
pub use worker_info::{CurrentJob, WorkerInfo};

use crate::limiter::Limiter;
use crate::timers::Timers;
use closing::Lifecycle;
use job::{Job, JobKey};
use moment::Moment;
use obituary::Obituaries;
use peer::{Client, Peer, PeerKey, Peers, Role};
use pool::{PoolKey, Pools};
use powerhose_protocol::JobId;
use proofs::Handshakes;
use random::Random;
use slotmap::SlotMap;
use std::collections::{HashSet, VecDeque};
use std::time::Instant;
use strikes::{HandshakeRate, Strikes};

/// What is due at an instant.
#[derive(Clone, Copy, Debug)]
enum Timer {
    /// When a job's caller gives up.
    Deadline(JobKey),
    /// When a job for a pool that nobody offers has waited long enough.
    UnknownPool(JobKey),
    /// When every peer is to hear from us, and those that were silent too long are gone.
    Heartbeats,
    /// When a connection that may be gone is to be probed again.
    Probe(PeerKey),
    /// When jobs that wait behind busy workers are to be given to free ones.
    Balance(PoolKey),
    /// When a worker that ran too long too often gets a job on trial.
    RestOver(PeerKey),
    /// When the exit status of a dead worker should have been told.
    Mourning(JobKey),
    /// When the death of a worker with a job is told of without its exit status.
    Obituary(u32),
    /// When an order has taken as long as it may.
    Control(u32),
    /// When what is left is to be ended.
    CloseNow,
}

impl Timer {
    fn reason(self) -> &'static str {
        match self {
            Timer::Deadline(_) => "deadline of a job",
            Timer::UnknownPool(_) => "wait for an unknown pool",
            Timer::Heartbeats => "heartbeats",
            Timer::Probe(_) => "probe of a connection",
            Timer::Balance(_) => "balance of a pool",
            Timer::RestOver(_) => "rest of a worker",
            Timer::Mourning(_) | Timer::Obituary(_) => "exit status of a worker",
            Timer::Control(_) => "end of an order",
            Timer::CloseNow => "end of the drain",
        }
    }
}

/// The state machine; see the module.
pub struct Dispatcher {
    settings: Settings,
    /// This run of this master.
    epoch: u64,
    /// This process's id and host, to know which workers are its neighbours.
    identity: Identity,
    started: Instant,
    /// The latest time that was handed in, twice.
    now: Instant,
    moment: Moment,
    random: Random,
    last_peer: u64,
    peers: Peers,
    /// The callers in this process, as a client without a connection.
    embedded: PeerKey,
    pools: Pools,
    jobs: SlotMap<JobKey, Job>,
    waiting_jobs: usize,
    waiting_bytes: usize,
    timers: Timers<Timer>,
    heartbeats_due: Instant,
    supervised: HashSet<u32>,
    /// Supervised workers that are gone with a job, whose exit status is not known yet.
    obituaries: Obituaries,
    /// Pools whose queue and workers are to be looked at.
    stirred: Vec<PoolKey>,
    served: u64,
    /// Workers with jobs that are not yet in a message.
    loaded: Vec<PeerKey>,
    /// Clients with outcomes that are not yet in a message.
    answered: Vec<PeerKey>,
    actions: VecDeque<Action>,
    handshakes: Handshakes,
    handshake_rate: HandshakeRate,
    strikes: Strikes,
    lifecycle: Lifecycle,
    controls: control::Controls,
    limiter: Limiter,
    stats: Stats,
}

/// Where a master runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its process id.
    pub pid: u32,
    /// Its host's name.
    pub host: String,
}

impl Dispatcher {
    /// A dispatcher without peers and jobs. `seed` must be new and secret in every run: epoch, sessions and nonces
    /// come from it.
    pub fn new(settings: Settings, identity: Identity, seed: impl Into<Seed>, now: Instant) -> Dispatcher {
        let seed = seed.into();
        let mut random = Random::new(seed.sessions());
        let epoch = random.next();
        let mut peers = Peers::default();
        let embedded = peers.insert(Peer {
            route: None,
            session: 0,
            number: 0,
            software: "".into(),
            last_heard: now,
            sequence_sent: 0,
            sequence_received: 0,
            suspicion: None,
            role: Role::Client(Client::default()),
        });
        let mut pools = Pools::default();
        for (name, pool_settings) in &settings.pools {
            pools.declare(name, pool_settings.clone());
        }
        let mut timers = Timers::new(now);
        let heartbeats_due = now + settings.heartbeat_interval;
        timers.set(heartbeats_due, Timer::Heartbeats);
        let burst = settings.workers_max.saturating_add(settings.clients_max);
        let handshake_rate = HandshakeRate::new(settings.handshakes_per_second_max, burst, now);
        Dispatcher {
            settings,
            epoch,
            identity,
            started: now,
            now,
            moment: Moment::of(now, now),
            random,
            last_peer: 0,
            peers,
            embedded,
            pools,
            jobs: SlotMap::with_key(),
            waiting_jobs: 0,
            waiting_bytes: 0,
            timers,
            heartbeats_due,
            supervised: HashSet::new(),
            obituaries: Obituaries::default(),
            stirred: Vec::new(),
            served: 0,
            loaded: Vec::new(),
            answered: Vec::new(),
            actions: VecDeque::new(),
            handshakes: Handshakes::new(seed.nonces()),
            handshake_rate,
            strikes: Strikes::default(),
            lifecycle: Lifecycle::Open,
            controls: control::Controls::default(),
            limiter: Limiter::default(),
            stats: Stats::default(),
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Instant, event: Event<'_>) {
        self.pass_time(now);
        match event {
            Event::Received { route, header, payloads } => {
                self.receive(route, header, payloads);
                self.cut_off_condemned();
            }
            Event::Submit { call, submission } => self.submit(self.embedded, call, submission),
            Event::Abandon { call } => self.abandon(self.embedded, call),
            Event::Ended { route } => self.ended(route),
            Event::Suspected { route } => self.suspect(route),
            Event::Supervised { pid } => {
                self.supervised.insert(pid);
            }
            Event::Exited { pid, exit } => self.exited(pid, exit),
            Event::Close { within } => self.close(within),
        }
    }

    fn pass_time(&mut self, now: Instant) {
        if now > self.now {
            self.now = now;
            self.moment = Moment::of(now, self.started);
        }
    }

    /// Acts on every deadline that has passed. Call it after all events of a turn: a reply that came in together with
    /// its job's deadline wins.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.pass_time(now);
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Deadline(job) => self.deadline(job),
                Timer::UnknownPool(job) => self.unknown_pool(job),
                Timer::Heartbeats => self.heartbeats(),
                Timer::Probe(peer) => self.probe(peer),
                Timer::Balance(pool) => self.balance(pool),
                Timer::RestOver(worker) => self.rest_over(worker),
                Timer::Mourning(job) => self.mourned(job),
                Timer::Obituary(pid) => self.tell_of_death(pid, None),
                Timer::Control(number) => self.control_expired(number),
                Timer::CloseNow => self.close_now(),
            }
        }
    }

    /// What is to be done next. When this gives nothing, all that came in has been acted upon.
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.settle();
        }
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](Dispatcher::handle_timeout) next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.timers.next().map(|(when, timer)| (when, timer.reason()))
    }

    /// This run of this master.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Gives out jobs, then writes the messages that have gathered.
    fn settle(&mut self) {
        self.assign();
        self.send_jobs();
        self.follow_controls();
        self.send_outcomes();
        self.finish_closing();
    }
}
