//! A job may be lost only with a cause: its master was away, or its worker was harmed and it may not be tried again.

use crate::attackers::is_attacker;
use crate::conductor::{Facts, HarmKind};
use crate::told::{Lost, LostWith};
use crate::work::{Act, EXIT_STATUS};
use powerhose_worker::WATCHDOG_EXIT_STATUS;
use std::time::Duration;

/// The master's default.
const ATTEMPTS_MAX: u32 = 3;
/// A client notices so much later that its master was away, and ends what it had sent.
const AFTERMATH: Duration = Duration::from_secs(6);
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

pub(super) fn without_cause(facts: &Facts) -> Vec<String> {
    let told = |lost: &Lost| {
        reproach(facts, lost).map(|reproach| format!("job {:x}: {reproach}: {lost:?}", lost.key))
    };
    facts.lost.iter().filter_map(told).collect()
}

fn reproach(facts: &Facts, lost: &Lost) -> Option<&'static str> {
    if lost.cause == LostWith::Master {
        let was_away = facts.was_away(lost.ended.minus(AFTERMATH), lost.ended);
        return (!was_away).then_some("lost with a master that was there");
    }
    if !lost.once && lost.attempts < ATTEMPTS_MAX {
        return Some("lost with attempts left");
    }
    let Some(pid) = lost.worker.and_then(|worker| facts.pid_of(worker, lost.ended)) else {
        return Some("lost with a worker that nobody knows");
    };
    let explained =
        is_attacker(pid) || facts.harms_of(pid, lost.ended).any(|harm| explains(harm, lost.cause));
    (!explained).then_some("lost with a worker to which nothing like that was done")
}

fn explains(harm: HarmKind, cause: LostWith) -> bool {
    match cause {
        LostWith::Worker => true,
        LostWith::Signal(SIGKILL) => harm == HarmKind::Kill,
        LostWith::Signal(SIGABRT) => harm == HarmKind::Act(Act::Abort),
        LostWith::Status(EXIT_STATUS) => harm == HarmKind::Act(Act::Exit),
        LostWith::Status(WATCHDOG_EXIT_STATUS) => harm == HarmKind::Act(Act::Hang),
        LostWith::Status(0) => harm == HarmKind::Drain,
        LostWith::Signal(_) | LostWith::Status(_) | LostWith::Master => false,
    }
}
