//! A judge that never objects proves nothing: each objection, made once.

use super::{latency, lost, runs, workers};
use crate::clock::Moment;
use crate::conductor::{Facts, Gone, HarmKind, Outage, Registered};
use crate::language::Language;
use crate::processes::Run;
use crate::told::{Lost, LostWith};
use crate::work::Act;
use std::time::Duration;

const PID: u32 = 100;
const WORKER: u64 = 1;

fn at(seconds: u64) -> Moment {
    Moment(seconds * 1_000_000_000)
}

/// A worker that registered after 10 s.
fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.registered.push(Registered { worker: WORKER, pid: PID, at: at(10) });
    facts
}

fn lost(cause: LostWith) -> Lost {
    Lost {
        key: 7,
        act: Act::Compute(1),
        cause,
        worker: Some(WORKER),
        attempts: 3,
        once: false,
        submitted: at(11),
        ended: at(20),
    }
}

fn objections(facts: &Facts, lost: Lost) -> usize {
    let mut all = Facts { lost: vec![lost], registered: facts.registered.clone(), ..Facts::default() };
    all.harms.clone_from(&facts.harms);
    all.outages.clone_from(&facts.outages);
    lost::without_cause(&all).len()
}

fn run(attempt: u32, pid: u32, began: u64) -> Run {
    Run {
        key: 7,
        attempt,
        pid,
        began: at(began),
        once: false,
        act: Act::Compute(1),
        language: Language::Rust,
    }
}

#[test]
fn a_job_is_lost_with_a_worker_only_if_that_was_harmed_before() {
    let mut facts = facts();
    assert_eq!(objections(&facts, lost(LostWith::Worker)), 1);
    facts.harm(PID, HarmKind::Kill, at(21));
    assert_eq!(objections(&facts, lost(LostWith::Worker)), 1, "it was harmed afterwards");
    facts.harm(PID, HarmKind::Kill, at(19));
    assert_eq!(objections(&facts, lost(LostWith::Worker)), 0);
    assert_eq!(objections(&facts, lost(LostWith::Signal(9))), 0);
    assert_eq!(objections(&facts, lost(LostWith::Signal(6))), 1, "nobody aborted");
}

#[test]
fn a_job_that_may_run_again_is_not_lost_with_its_first_worker() {
    let mut facts = facts();
    facts.harm(PID, HarmKind::Kill, at(19));
    let early = Lost { attempts: 1, ..lost(LostWith::Worker) };
    assert_eq!(objections(&facts, early.clone()), 1);
    assert_eq!(objections(&facts, Lost { once: true, ..early }), 0);
}

#[test]
fn a_job_is_lost_with_the_master_only_if_that_was_away() {
    let mut facts = facts();
    assert_eq!(objections(&facts, lost(LostWith::Master)), 1);
    facts.outages.push(Outage { from: at(18), to: at(19) });
    assert_eq!(objections(&facts, lost(LostWith::Master)), 0);
}

#[test]
fn a_worker_to_which_nothing_was_done_is_not_gone() {
    let mut facts = facts();
    facts.gone.push(Gone { worker: WORKER, pid: PID, cause: "Silent".to_owned(), at: at(15) });
    assert_eq!(workers::without_cause(&facts).len(), 1);
    facts.harm(PID, HarmKind::Stop, at(12));
    assert_eq!(workers::without_cause(&facts).len(), 0);
}

#[test]
fn runs_that_may_not_be_are_found() {
    let wrong = |all: Vec<Run>| {
        let mut facts = Facts::default();
        all.into_iter().for_each(|run| facts.note_run(run));
        runs::wrong(&facts).len()
    };
    assert_eq!(wrong(vec![run(1, 1, 1), run(2, 2, 2)]), 0);
    assert_eq!(wrong(vec![run(1, 1, 1), run(1, 2, 2)]), 1, "the same attempt twice");
    assert_eq!(
        wrong(vec![Run { once: true, ..run(1, 1, 1) }, run(2, 2, 2)]),
        1,
        "a second run of a once job"
    );
    assert_eq!(wrong((1..=6).map(|attempt| run(attempt, attempt, 1)).collect()), 1, "too many runs");
}

#[test]
fn the_next_attempt_is_measured_from_the_kill() {
    let mut facts = facts();
    for pid in [PID + 1, PID + 2] {
        facts.registered.push(Registered { worker: u64::from(pid), pid, at: at(10) });
    }
    facts.note_run(run(1, PID, 14));
    facts.note_run(run(2, PID + 1, 16));
    facts.harm(PID, HarmKind::Kill, at(15));
    facts.gone.push(Gone { worker: WORKER, pid: PID, cause: "Disconnected".to_owned(), at: at(16) });
    assert_eq!(latency::redispatched(&facts).max(), Duration::from_secs(1));
    assert_eq!(latency::noticed(&facts).count(), 1);
}
