//! What is known of a run: what was done, and what was told.

use crate::clock::Moment;
use crate::fault::Fault;
use crate::processes::Run;
use crate::told::Lost;
use crate::work::Act;
use powerhose::WorkerExit;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// All that the judge needs.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// When the first fault could come.
    pub(crate) begun: Moment,
    pub(crate) applied: BTreeMap<Fault, u64>,
    pub(crate) registered: Vec<Registered>,
    pub(crate) gone: Vec<Gone>,
    pub(crate) lost: Vec<Lost>,
    /// Broken promises that callers found.
    pub(crate) wrong: Vec<String>,
    /// By the job's key.
    pub(crate) runs: BTreeMap<u64, Vec<Run>>,
    /// By process.
    pub(crate) harms: BTreeMap<u32, Vec<Harm>>,
    pub(crate) outages: Vec<Outage>,
    /// When killed workers had ended.
    pub(crate) ends: EndTimes,
    /// How workers' processes ended, by process, where the conductor started them.
    pub(crate) exits: BTreeMap<u32, WorkerExit>,
    /// What workers said before they ended.
    pub(crate) last_words: String,
}

/// When processes ended, by their id, as threads find it out that wait for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndTimes(Arc<Mutex<BTreeMap<u32, Moment>>>);

impl EndTimes {
    pub(crate) fn note(&self, pid: u32, at: Moment) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pid, at);
    }

    pub(crate) fn of(&self, pid: u32) -> Option<Moment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&pid).copied()
    }
}

/// A worker registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered {
    pub(crate) worker: u64,
    pub(crate) pid: u32,
    pub(crate) at: Moment,
}

/// A master noticed that a worker is gone.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) worker: u64,
    pub(crate) pid: u32,
    pub(crate) cause: String,
    pub(crate) at: Moment,
}

/// Something that was done to a worker of which its jobs may be lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Harm {
    pub(crate) kind: HarmKind,
    pub(crate) at: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HarmKind {
    Kill,
    /// For longer than the master's patience.
    Stop,
    Drain,
    /// By the handler that runs.
    Act(Act),
}

/// A time in which the master was not there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) from: Moment,
    pub(crate) to: Moment,
}

impl Facts {
    pub(crate) fn harm(&mut self, pid: u32, kind: HarmKind, at: Moment) {
        self.harms.entry(pid).or_default().push(Harm { kind, at });
    }

    pub(crate) fn note_run(&mut self, run: Run) {
        if run.act.is_deadly() {
            self.harm(run.pid, HarmKind::Act(run.act), run.began);
        }
        self.runs.entry(run.key).or_default().push(run);
    }

    /// The worker of this id at this time: a master that starts anew begins to count anew.
    pub(crate) fn pid_of(&self, worker: u64, at: Moment) -> Option<u32> {
        let earlier = self.registered.iter().rev().find(|seen| seen.worker == worker && seen.at <= at);
        earlier.map(|seen| seen.pid)
    }

    pub(crate) fn harms_of(&self, pid: u32, until: Moment) -> impl Iterator<Item = HarmKind> + '_ {
        let harms = self.harms.get(&pid).into_iter().flatten();
        harms.filter(move |harm| harm.at <= until).map(|harm| harm.kind)
    }

    /// Whether the master was away at some time of this.
    pub(crate) fn was_away(&self, from: Moment, to: Moment) -> bool {
        self.outages.iter().any(|outage| outage.from <= to && from <= outage.to)
    }
}
