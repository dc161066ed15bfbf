//! Which peers have a session with the present master, and which jobs are at which worker.

use super::model::Model;
use powerhose::desk::Route;
use powerhose_protocol::JobId;
use std::time::{Duration, Instant};

/// How long after a hint a worker may get no jobs: all probes, and a loop that comes late to each.
const SUSPECT: Duration = Duration::from_millis(250);
/// A worker that gave back what it was not asked for, or that ran too long, rests about a second.
const REST: Duration = Duration::from_millis(1100);

#[derive(Debug)]
pub(super) enum Role {
    Candidate,
    Worker(Worker),
    Client,
}

/// What a worker registered, and what it has.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) pid: u32,
    pub(super) attentive: bool,
    pub(super) pools: Vec<(Box<str>, u64)>,
    pub(super) quiet: bool,
    pub(super) outstanding: Vec<Attempt>,
    /// It gave back what stood behind a job that it has not answered.
    pub(super) occupied: bool,
    /// When it last gave the master a reason to let it rest.
    pub(super) rested_at: Option<Instant>,
    /// The longest that an answer took besides its run.
    pub(super) way_max: Duration,
}

/// One dispatch that its worker has not answered.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) job: JobId,
    pub(super) attempt: u64,
    pub(super) given: Instant,
    pub(super) pool: Box<str>,
    pub(super) bytes: usize,
    pub(super) alone: bool,
    pub(super) cancelled: bool,
    pub(super) recalled: bool,
}

/// How a session ended, where the peer ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Goodbye,
    Renewed,
    /// The master was told that its process ended.
    Buried,
    /// It was cut off.
    CutOff,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) route: Route,
    pub(super) peer: u64,
    pub(super) role: Role,
    pub(super) heard_at: Instant,
    pub(super) suspected_at: Option<Instant>,
    /// It has answered since the hint.
    pub(super) cleared: bool,
    pub(super) over: Option<Over>,
    /// The HELLO that began it, until something is said in it.
    pub(super) hello: Option<Vec<u8>>,
    /// REGISTER that was not answered yet.
    pub(super) registering: Option<Worker>,
}

impl Session {
    pub(super) fn new(route: Route, peer: u64, now: Instant) -> Session {
        Session {
            route,
            peer,
            role: Role::Candidate,
            heard_at: now,
            suspected_at: None,
            cleared: false,
            over: None,
            hello: None,
            registering: None,
        }
    }

    /// It is over, for whatever reason.
    pub(super) fn end(&mut self) {
        self.over.get_or_insert(Over::CutOff);
    }

    pub(super) fn worker(&self) -> Option<&Worker> {
        match &self.role {
            Role::Worker(worker) => Some(worker),
            Role::Candidate | Role::Client => None,
        }
    }

    pub(super) fn worker_mut(&mut self) -> Option<&mut Worker> {
        match &mut self.role {
            Role::Worker(worker) => Some(worker),
            Role::Candidate | Role::Client => None,
        }
    }

    /// Whether a job must not go there, as its connection may be gone.
    pub(super) fn is_suspect(&self, now: Instant) -> bool {
        // Probes go out over 50 ms, if the loop comes late over more.
        !self.cleared && self.suspected_at.is_some_and(|at| now < at + Duration::from_millis(50))
    }

    /// Whether the master has no reason at all to keep jobs from this worker.
    pub(super) fn is_trusted(&self, now: Instant, late_until: Instant) -> bool {
        let past = |at: Option<Instant>, by: Duration| at.is_none_or(|at| at.max(late_until) + by < now);
        let rested = self
            .worker()
            .is_some_and(|worker| !worker.quiet && worker.rested_at.is_none_or(|at| at + REST < now));
        self.over.is_none() && rested && past(self.suspected_at, SUSPECT)
    }

    /// Whether it surely could run a job of this pool at once.
    pub(super) fn is_free_for(&self, pool: &str, now: Instant, late_until: Instant) -> bool {
        self.worker().is_some_and(|worker| worker.outstanding.is_empty() && worker.offers(pool).is_some())
            && self.is_trusted(now, late_until)
    }
}

impl Worker {
    /// How many jobs of a pool with short runs it may be given at once: 64, and twice as many for each doubling of the
    /// way to a near worker.
    pub(super) fn ahead_max(&self) -> u64 {
        let doublings = (self.way_max.as_micros() as u64).div_ceil(1500).max(1).next_power_of_two();
        (64 * doublings).min(1024)
    }

    /// How many jobs of a pool it takes at once.
    pub(super) fn offers(&self, pool: &str) -> Option<u64> {
        self.pools.iter().find(|(name, _)| **name == *pool).map(|(_, credit)| *credit)
    }

    pub(super) fn find(&self, job: JobId, attempt: u64) -> Option<usize> {
        self.outstanding.iter().position(|entry| entry.job == job && entry.attempt == attempt)
    }

    pub(super) fn find_mut(&mut self, job: JobId, attempt: u64) -> Option<&mut Attempt> {
        let place = self.find(job, attempt)?;
        self.outstanding.get_mut(place)
    }
}

impl Model {
    /// Whether this WELCOME answers a HELLO that was said again before anything was said in the session. What is said in it
    /// afterwards may have been read before the answer left, and what said the HELLO in the turn of the first.
    pub(super) fn is_welcomed_again(&mut self, route: Route, session: u64) -> bool {
        if let Some(owed) = self.welcomes_again.get_mut(&session).filter(|owed| **owed > 0) {
            *owed -= 1;
            return true;
        }
        let session = self.sessions.get(&session);
        session.is_some_and(|session| session.route == route && session.hello.is_some())
    }
}
