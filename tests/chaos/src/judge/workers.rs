//! A worker to which nothing was done must not be given up.

use crate::attackers::is_attacker;
use crate::conductor::{Facts, Gone};

pub(super) fn without_cause(facts: &Facts) -> Vec<String> {
    let unexplained = facts
        .gone
        .iter()
        .filter(|gone| !is_attacker(gone.pid) && facts.harms_of(gone.pid, gone.at).next().is_none());
    unexplained.map(|gone| told(facts, gone)).collect()
}

fn told(facts: &Facts, gone: &Gone) -> String {
    let earlier = facts.registered.iter().rev().find(|seen| seen.worker == gone.worker && seen.at <= gone.at);
    let lived = gone.at.since(earlier.map_or(facts.begun, |registered| registered.at));
    let at = gone.at.since(facts.begun);
    let (worker, pid, cause) = (gone.worker, gone.pid, &gone.cause);
    let exit = facts.exits.get(&pid).map_or("is not known".to_owned(), |exit| format!("is {exit}"));
    let name = format!("worker {pid}: ");
    let said = facts.last_words.lines().find(|line| line.starts_with(&name)).unwrap_or("nothing");
    format!(
        "worker {worker} of process {pid}, at {at:.3?}, registered {lived:.3?} before: {cause}; its exit {exit}; it said: {said}"
    )
}
