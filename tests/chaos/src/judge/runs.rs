//! What the workers ran, as they noted it before they began.

use crate::conductor::Facts;
use crate::language::Language;
use std::collections::{BTreeMap, BTreeSet};

/// A job may be charged with three deaths. One that waited behind another at a worker that died is not charged, and may
/// have begun all the same: that much more a job may run.
const RUNS_MAX: usize = 3 + 2;

/// What the workers of one language did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) runs: usize,
    pub(crate) processes: BTreeSet<u32>,
}

pub(super) fn shares(facts: &Facts) -> BTreeMap<Language, Share> {
    let mut shares = BTreeMap::<Language, Share>::new();
    for run in facts.runs.values().flatten() {
        let share = shares.entry(run.language).or_default();
        share.runs += 1;
        share.processes.insert(run.pid);
    }
    shares
}

pub(super) fn wrong(facts: &Facts) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, runs) in &facts.runs {
        let once = runs.iter().any(|run| run.once);
        if once && runs.len() > 1 {
            wrong.push(format!("job {key:x} must not run twice, and did: {runs:?}"));
        } else if runs.len() > RUNS_MAX {
            wrong.push(format!("job {key:x} ran {} times: {runs:?}", runs.len()));
        }
        let again = |(place, run): (usize, &crate::processes::Run)| {
            runs[..place].iter().any(|earlier| earlier.attempt >= run.attempt)
        };
        if runs.iter().enumerate().any(again) {
            wrong.push(format!("an attempt of job {key:x} came twice, or after a later one: {runs:?}"));
        }
    }
    wrong
}
