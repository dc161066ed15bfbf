//! Whether the promises were kept: holds together what was done and what was told.

mod latency;
mod lost;
mod runs;
mod workers;

#[cfg(test)]
mod tests;

pub(crate) use latency::Spread;
pub(crate) use runs::Share;

use crate::conductor::Outcome;
use crate::language::Language;
use latency::{ended, noticed, noticed_after_end, redispatched};
use std::collections::BTreeMap;

/// What is known at the end.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// Broken promises: wrong ends of jobs.
    pub(crate) wrong: Vec<String>,
    /// Jobs lost without a cause that allows it.
    pub(crate) lost_without_cause: Vec<String>,
    /// Workers that a master gave up though nothing had been done to them.
    pub(crate) workers_without_cause: Vec<String>,
    /// From the death of a worker to the next attempt of the job that it ran.
    pub(crate) redispatched: Spread,
    /// From the death of a worker to its being noticed.
    pub(crate) noticed: Spread,
    /// The system's part of that, and the master's.
    pub(crate) ended: Spread,
    pub(crate) noticed_after_end: Spread,
    /// Runs of jobs by workers, and the most of one job.
    pub(crate) runs: usize,
    pub(crate) runs_max: usize,
    /// By the language of the workers that ran them.
    pub(crate) shares: BTreeMap<Language, Share>,
}

pub(crate) fn judge(outcome: &Outcome) -> Judgement {
    let facts = &outcome.facts;
    let mut wrong = facts.wrong.clone();
    wrong.extend(runs::wrong(facts));
    Judgement {
        wrong,
        lost_without_cause: lost::without_cause(facts),
        workers_without_cause: workers::without_cause(facts),
        redispatched: redispatched(facts),
        noticed: noticed(facts),
        ended: ended(facts),
        noticed_after_end: noticed_after_end(facts),
        runs: facts.runs.values().map(Vec::len).sum(),
        runs_max: facts.runs.values().map(Vec::len).max().unwrap_or(0),
        shares: runs::shares(facts),
    }
}
