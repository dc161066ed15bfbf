//! The dispatcher: which worker gets which job, and how every job ends.
//!
//! A pure state machine without messages: peers join, callers submit, workers answer, connections end, time passes. What it
//! wants done comes out as [`Action`]s: give, recall, cancel, tell, ask. It knows peers by their keys and payloads as
//! something that has a length. The [desk](crate::desk) stands between it and the peers, and speaks their language.
//!
//! It never touches a socket, a thread, a clock or a random source, and it cannot fail: a broken invariant is an
//! assertion. Jobs are given to workers by [`assign`](Dispatcher::assign), once all that came in together has been taken
//! in.

mod account;
mod admission;
mod assignment;
mod choice;
mod clock;
mod closing;
mod company;
mod deaths;
mod ends;
mod event;
mod fleet;
mod holdings;
mod invariants;
mod joining;
mod keys;
mod liveness;
mod overload;
mod queue;
mod replies;
mod suspicion;
mod unanswered;

pub(crate) use choice::STOCK_WAIT;
pub(crate) use event::{Action, Attempt};
pub(crate) use fleet::{Attention, NoEntry, Offer, PeerRole, Registration, TooManyPools};
pub use holdings::Holdings;
pub(crate) use joining::Selection;
pub(crate) use keys::{JobKey, PeerKey};
pub(crate) use replies::WorkerReply;

use crate::common::{Notice, Settings, Stats};
use crate::timers::Timers;
use clock::{Clock, Moment};
use deaths::Deaths;
use fleet::{Fleet, Role};
use keys::PoolKey;
use queue::Queue;
use std::collections::VecDeque;
use std::time::Instant;
use unanswered::Unanswered;

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
    AwaitsExit(JobKey),
    /// When the death of a worker with a job is told of without its exit status.
    Death(u32),
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
            Timer::AwaitsExit(_) | Timer::Death(_) => "exit status of a worker",
            Timer::CloseNow => "end of the drain",
        }
    }
}

/// The state machine; see the module.
///
/// Its parts own what they keep. A method here is one event: it asks the parts, and says what follows from one for
/// another, for the timers and for those who listen.
pub(crate) struct Dispatcher {
    settings: Settings,
    /// This process's id and host, to know which workers are its neighbours.
    identity: Identity,
    clock: Clock,
    fleet: Fleet,
    queue: Queue,
    deaths: Deaths,
    timers: Timers<Timer>,
    heartbeats_due: Instant,
    lifecycle: Lifecycle,
    unanswered: Unanswered,
    stats: Stats,
    actions: VecDeque<Action>,
}

/// Whether jobs are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifecycle {
    /// They are.
    Open,
    /// They are not; those that are left are waited for.
    Closing {
        /// As long as that.
        until: Instant,
    },
    /// Nothing is left.
    Closed,
}

impl Lifecycle {
    fn is_open(self) -> bool {
        self == Lifecycle::Open
    }

    /// Whether there may be jobs that wait for a worker: one that comes while the master ends can still be needed, where a
    /// stop reached the workers too.
    fn needs_workers(self) -> bool {
        match self {
            Lifecycle::Open | Lifecycle::Closing { .. } => true,
            Lifecycle::Closed => false,
        }
    }
}

/// What a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A worker that has not registered yet, or nobody any longer.
    Candidate,
    Worker,
    Client,
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
    /// A dispatcher without peers and jobs.
    pub(crate) fn new(settings: Settings, identity: Identity, now: Instant) -> Dispatcher {
        let mut timers = Timers::new(now);
        let heartbeats_due = now + settings.heartbeat_interval;
        timers.set(heartbeats_due, Timer::Heartbeats);
        Dispatcher {
            fleet: Fleet::new(&settings, now),
            settings,
            identity,
            clock: Clock::new(now),
            queue: Queue::default(),
            deaths: Deaths::default(),
            timers,
            heartbeats_due,
            lifecycle: Lifecycle::Open,
            unanswered: Unanswered::default(),
            stats: Stats::default(),
            actions: VecDeque::new(),
        }
    }

    /// It is now as late as this.
    pub(crate) fn pass_time(&mut self, now: Instant) {
        self.clock.pass(now);
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The latest time that was handed in.
    pub(crate) fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// A peer lives: something came from it.
    pub(crate) fn heard(&mut self, key: PeerKey) {
        self.fleet.heard(key, self.clock.now());
    }

    pub(crate) fn standing(&self, key: PeerKey) -> Standing {
        match self.fleet.get(key).map(|peer| &peer.role) {
            Some(Role::Worker(_)) => Standing::Worker,
            Some(Role::Client(_)) => Standing::Client,
            Some(Role::Candidate) | None => Standing::Candidate,
        }
    }

    /// A worker's id, or the high bits of the ids of a client's jobs; 0 is nobody's.
    pub(crate) fn number(&self, key: PeerKey) -> u64 {
        self.fleet.number(key)
    }

    /// Acts on every deadline that has passed.
    pub(crate) fn handle_timeout(&mut self) {
        while let Some(timer) = self.timers.pop_due(self.clock.now()) {
            match timer {
                Timer::Deadline(job) => self.deadline(job),
                Timer::UnknownPool(job) => self.unknown_pool(job),
                Timer::Heartbeats => self.heartbeats(),
                Timer::Probe(peer) => self.probe(peer),
                Timer::Balance(pool) => self.balance(pool),
                Timer::RestOver(worker) => self.fleet.rest_over(worker, self.clock.moment()),
                Timer::AwaitsExit(job) => self.exit_stays_unknown(job),
                Timer::Death(pid) => self.tell_of_death(pid, None),
                Timer::CloseNow => self.close_now(),
            }
        }
    }

    /// Something happened that a subscriber may want to know.
    fn notify(&mut self, notice: Notice) {
        self.actions.push_back(Action::Notify(notice));
    }

    /// Whether anything is to be done.
    pub(crate) fn wants_something(&self) -> bool {
        !self.actions.is_empty()
    }

    /// What is to be done next.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether it waits for the last jobs to end.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Closing { .. })
    }

    /// When to call [`handle_timeout`](Dispatcher::handle_timeout) next, and why.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.timers.next().map(|(when, timer)| (when, timer.reason()))
    }
}
