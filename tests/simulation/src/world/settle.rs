//! The faults stop. Now everything that is pending has to end, every process that lives has to be registered
//! again, and the master has to hold no more than at the start: in bounded time, and in a bounded number of steps.

use super::World;
use crate::process::{Manners, Process};
use crate::scenario::Seat;
use crate::verdict::Check;
use powerhose::WorkerState;
use std::time::Duration;

/// How long it may take. A worker may have to wait for the master's silence, and then for its own.
const WITHIN: Duration = Duration::from_secs(60);
/// A handler that runs longer never ends.
const HANGS: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(100);
/// More steps than this are a livelock.
const STEPS_MAX: u64 = 1_000_000;

impl World {
    pub(super) fn settle(&mut self) {
        self.note(&[50], || "-- the faults stop".to_owned());
        self.calm = true;
        self.network.heal();
        self.network.delay_max = Duration::from_millis(1);
        self.end_hostility();
        let until = self.now + WITHIN;
        let steps_max = self.steps + STEPS_MAX;
        let mut left = String::new();
        while self.now < until && !self.is_decided() {
            self.advance(STEP);
            self.end_what_hangs();
            self.resume_everybody();
            match self.unrest() {
                None => return,
                Some(unrest) => left = unrest,
            }
            let lively = self.steps < steps_max;
            self.reference.verdict.must(Check::Livelock, lively, || format!("no rest in sight: {left}"));
        }
        self.reference.verdict.violated(Check::ComesToRest, || format!("after {WITHIN:?}: {left}"));
    }

    /// Peers that say what they like go.
    fn end_hostility(&mut self) {
        while let Some(hostile) = self.pick(|process| process.raw().is_some()) {
            self.kill(hostile);
        }
    }

    /// Its operator kills a worker that hangs without a watchdog.
    fn end_what_hangs(&mut self) {
        let now = self.now;
        let hangs = |process: &Process| {
            process.worker().is_some_and(|worker| {
                let running = worker.running.as_ref().filter(|running| running.since + HANGS < now);
                worker.manners == Manners::Inattentive && running.is_some()
            })
        };
        while let Some(hanging) = self.pick(hangs) {
            self.kill(hanging);
        }
    }

    /// Some worker may have been quieted by an order.
    fn resume_everybody(&mut self) {
        let quiet = self.master.as_ref().is_some_and(|master| {
            master.desk.workers().iter().any(|worker| worker.state == WorkerState::Quiet)
        });
        if !quiet {
            return;
        }
        match self.pick(|process| process.raw().is_some_and(|raw| raw.operator)) {
            Some(operator) => self.order(operator, "resume", "all", 0),
            None => {
                let quiet = self.quiet_workers();
                quiet.into_iter().for_each(|id| self.tell_to_leave(id));
            }
        }
    }

    fn quiet_workers(&self) -> Vec<crate::process::ProcessId> {
        let Some(master) = &self.master else { return Vec::new() };
        let workers = master.desk.workers();
        let quiet =
            |pid| workers.iter().any(|worker| worker.pid == pid && worker.state == WorkerState::Quiet);
        self.processes.values().filter(|process| quiet(process.pid)).map(|process| process.id).collect()
    }

    /// What is not at rest yet.
    fn unrest(&self) -> Option<String> {
        let Some(master) = &self.master else { return Some("there is no master".to_owned()) };
        if let Some((call, _)) = self.reference.waiting_calls().next() {
            return Some(format!("call {call} has not ended"));
        }
        for (number, seat) in self.scenario.seats.iter().enumerate() {
            let process = self.processes.values().find(|process| process.seat == number);
            let settled = match seat {
                Seat::Worker(_) => process.is_some_and(|process| {
                    let mut workers = master.desk.workers().into_iter();
                    // One that rests has nothing to do, either: it waits for a job to be tried with.
                    workers.any(|worker| {
                        worker.pid == process.pid
                            && worker.state != WorkerState::Quiet
                            && worker.outstanding == 0
                    })
                }),
                Seat::Client(_) => process
                    .and_then(|process| process.client())
                    .is_some_and(|client| client.machine.is_connected() && client.machine.pending() == 0),
                Seat::Raw | Seat::Operator | Seat::Stranger => true,
            };
            if !settled {
                return Some(format!("seat {number}, {seat:?}, is not settled"));
            }
        }
        self.surplus(&master.desk.holdings())
    }

    /// What the master holds beyond what it has to.
    fn surplus(&self, holdings: &powerhose::desk::Holdings) -> Option<String> {
        let seats =
            |wanted: fn(&Seat) -> bool| self.scenario.seats.iter().filter(|seat| wanted(seat)).count();
        let workers = seats(|seat| matches!(seat, Seat::Worker(_)));
        let clients = seats(|seat| matches!(seat, Seat::Client(_)));
        let operators = self.processes.values().filter(|process| process.raw().is_some()).count();
        let rest = holdings.jobs == 0
            && holdings.jobs_waiting == 0
            && holdings.bytes_waiting == 0
            && holdings.workers == workers
            && (clients..=clients + operators).contains(&holdings.clients)
            && holdings.orders == 0
            && holdings.handshakes == 0
            && holdings.timers <= 1;
        (!rest).then(|| format!("the master holds {holdings:?}"))
    }
}
