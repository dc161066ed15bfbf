//! What the present master must be holding.

use super::fairness::Lines;
use super::sessions::Session;
use crate::process::ProcessId;
use bytes::Bytes;
use powerhose::Settings;
use powerhose::desk::{Repeat, Route};
use powerhose_protocol::JobId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A longer run counts as this long.
const RUN_US_MAX: u64 = 2000;

/// What a master was told when it began.
#[derive(Clone)]
pub(crate) struct MasterFacts {
    pub(crate) settings: Settings,
    pub(crate) started: Instant,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) process: ProcessId,
    /// Whether it can prove what the master asks it to prove.
    pub(crate) proves: bool,
    /// Whether it is one of ours, or does as it likes.
    pub(crate) honest: bool,
}

/// One job at the master.
pub(super) struct Job {
    /// The caller's number for it, unless the caller is none of ours.
    pub(super) call: Option<u64>,
    pub(super) client: u64,
    pub(super) pool: Box<str>,
    pub(super) payload: Bytes,
    pub(super) bytes: usize,
    pub(super) repeat: Repeat,
    pub(super) attempts_max: u32,
    pub(super) accepted: Instant,
    pub(super) deadline: Instant,
    pub(super) dispatches: u64,
    pub(super) returned: u64,
    pub(super) charged: u32,
    pub(super) place: Place,
}

/// Where a job is, as far as can be seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Waiting,
    /// At the worker of this session.
    At(u64),
    /// Its last worker is dead, and it may not be tried again.
    Doomed(Instant),
    /// Its worker has answered; the caller is to learn it in this turn.
    Answered(Answer),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Done(Bytes),
    Failed,
    Expired,
}

impl Job {
    pub(super) fn goes_alone(&self) -> bool {
        self.repeat == Repeat::Never || self.charged > 0
    }
}

/// What is known of a pool.
#[derive(Default)]
pub(super) struct PoolModel {
    /// A worker has offered it, or the settings declare it.
    pub(super) known: bool,
    average_ns: u64,
    pub(super) run_count: u64,
    pub(super) longest_run: Duration,
    pub(super) lines: Lines,
    /// Since when something waits behind a busy worker while another is free, and nothing was done about it.
    pub(super) behind_since: Option<Instant>,
    /// A job was given out or recalled in this turn: what waits behind others is looked at again later.
    pub(super) moved: bool,
    /// Jobs that have ended in this turn.
    pub(super) left: usize,
}

impl PoolModel {
    pub(super) fn ran(&mut self, run_us: u64) {
        self.run_count += 1;
        self.longest_run = self.longest_run.max(Duration::from_micros(run_us));
        let run_ns = run_us.min(RUN_US_MAX) * 1000;
        self.average_ns = if self.run_count == 1 { run_ns } else { (self.average_ns * 15 + run_ns) / 16 };
    }

    /// Whether a second job may be given to a worker, unless the settings say so.
    pub(super) fn is_quick(&self) -> bool {
        self.run_count >= 8 && self.average_ns < 1_000_000
    }
}

/// An order that was given.
pub(super) struct Order {
    pub(super) session: u64,
    pub(super) id: u64,
    pub(super) due: Instant,
}

/// The master, seen from outside.
pub(crate) struct Model {
    pub(super) facts: MasterFacts,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) sessions: BTreeMap<u64, Session>,
    /// The session on a connection, while it lasts.
    pub(super) routes: BTreeMap<Route, u64>,
    pub(super) standings: BTreeMap<Route, Standing>,
    /// Connections that said HELLO or PROOF in this turn, and hints that came after it: a session may be there that
    /// has not been seen yet.
    pub(super) greeting: BTreeSet<Route>,
    pub(super) hints: BTreeMap<Route, Instant>,
    /// How often a connection said HELLO, and its last one.
    pub(super) hellos: BTreeMap<Route, u32>,
    pub(super) last_hellos: BTreeMap<Route, Vec<u8>>,
    /// WELCOMEs that a HELLO which was said again brings once more, by session.
    pub(super) welcomes_again: BTreeMap<u64, u32>,
    pub(super) pools: BTreeMap<Box<str>, PoolModel>,
    pub(super) orders: Vec<Order>,
    /// Questions of this turn, by session.
    pub(super) questions: BTreeMap<u64, i64>,
    /// Connections that refused a message.
    pub(super) ended: BTreeSet<Route>,
    pub(super) exited: BTreeSet<u32>,
    pub(super) closing: bool,
    /// When the master last came back from a pause in which it could hear nobody.
    pub(super) deaf_until: Instant,
    /// When its loop last came late, however little.
    pub(super) late_until: Instant,
    /// Jobs that waited when this turn began or came to wait in it: there never were more.
    pub(super) waiting_peak: usize,
    /// Jobs that were dropped in this turn: their end may have been on its way.
    pub(super) dropped: BTreeSet<JobId>,
    /// Dispatches that were answered in this turn, likewise.
    pub(super) answered: BTreeSet<(JobId, u64)>,
    /// Workers that were given jobs in this turn besides those that they had.
    pub(super) crowded: BTreeSet<u64>,
}

impl Model {
    pub(super) fn new(facts: MasterFacts) -> Model {
        let mut pools = BTreeMap::<Box<str>, PoolModel>::new();
        for (name, _) in &facts.settings.pools {
            pools.entry(name.as_str().into()).or_default().known = true;
        }
        Model {
            deaf_until: facts.started,
            late_until: facts.started,
            facts,
            jobs: BTreeMap::new(),
            sessions: BTreeMap::new(),
            routes: BTreeMap::new(),
            standings: BTreeMap::new(),
            greeting: BTreeSet::new(),
            hints: BTreeMap::new(),
            hellos: BTreeMap::new(),
            last_hellos: BTreeMap::new(),
            welcomes_again: BTreeMap::new(),
            pools,
            orders: Vec::new(),
            questions: BTreeMap::new(),
            ended: BTreeSet::new(),
            exited: BTreeSet::new(),
            closing: false,
            waiting_peak: 0,
            dropped: BTreeSet::new(),
            answered: BTreeSet::new(),
            crowded: BTreeSet::new(),
        }
    }

    /// A peer connects.
    pub(crate) fn connected(&mut self, route: Route, standing: Standing) {
        self.standings.insert(route, standing);
    }

    /// The master was paused until now.
    pub(crate) fn was_paused(&mut self, now: Instant, deaf: bool) {
        self.late_until = now;
        if deaf {
            self.deaf_until = now;
        }
    }

    pub(super) fn ended(&mut self, route: Route) {
        self.ended.insert(route);
        for pool in self.pools.values_mut() {
            pool.lines.doubt();
        }
        if let Some(session) = self.session_mut(route) {
            session.end();
        }
    }

    pub(super) fn forget(&mut self, session: u64) -> Option<Session> {
        let gone = self.sessions.remove(&session)?;
        if self.routes.get(&gone.route) == Some(&session) {
            self.routes.remove(&gone.route);
        }
        self.orders.retain(|order| order.session != session);
        self.questions.remove(&session);
        Some(gone)
    }

    /// Whether this dispatch is the one whose answer its caller waits for.
    pub(super) fn is_awaited(&self, session: u64, job: JobId, attempt: u64) -> bool {
        self.jobs.get(&job).is_some_and(|job| job.place == Place::At(session) && job.dispatches == attempt)
    }

    /// Some dispatch at another worker than this one whose answer a caller waits for.
    pub(crate) fn dispatch_elsewhere(&self, route: Route) -> Option<(JobId, u64)> {
        let mine = self.routes.get(&route);
        let elsewhere = |job: &Job| matches!(&job.place, Place::At(session) if Some(session) != mine);
        self.jobs.iter().find(|(_, job)| elsewhere(job)).map(|(id, job)| (*id, job.dispatches))
    }

    /// The session on a connection.
    pub(crate) fn session_on(&self, route: Route) -> Option<u64> {
        self.routes.get(&route).copied()
    }
}
