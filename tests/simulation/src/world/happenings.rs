//! What is done to the world from outside: callers come and go, processes and connections break, peers misbehave.

use super::World;
use super::master::Command;
use crate::coverage::Counted;
use crate::process::{Being, Process, ProcessId};
use crate::reference::Caller;
use crate::schedule::Due;
use std::time::Duration;

macro_rules! happenings {
    ($($name:ident: $weight:literal,)*) => {
        /// One thing that is done to the world.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Happening { $($name,)* }

        impl Happening {
            /// Each, and how often it is done beside the others.
            pub(crate) const ALL: &[(Happening, u64)] = &[$((Happening::$name, $weight),)*];
        }
    };
}

happenings! {
    SubmitHere: 300,
    SubmitThere: 200,
    Burst: 8,
    AbandonHere: 40,
    AbandonThere: 30,
    KillWorker: 12,
    KillClient: 4,
    StopProcess: 10,
    WorkerLeaves: 10,
    ClientCloses: 3,
    CutConnection: 12,
    Interrupt: 8,
    WrongHint: 10,
    FillPipe: 5,
    PauseMaster: 5,
    CrashMaster: 1,
    CloseMaster: 1,
    Order: 20,
    Ask: 5,
    SayAnything: 40,
    Misbehave: 60,
}

/// Jobs that are handed over at once.
const BURST_MAX: u64 = 30;

impl World {
    /// Something is done, by lot.
    pub(super) fn happen(&mut self) {
        let weights = &self.scenario.weights;
        let total: u64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut lot = self.random.below(total);
        let drawn = weights.iter().find(|(_, weight)| {
            let drawn = lot < *weight;
            lot = lot.saturating_sub(*weight);
            drawn
        });
        let happening = drawn.expect("the lot is below the sum").0;
        self.note(&[40, happening as u8], || format!("-- {happening:?}"));
        self.make_happen(happening);
    }

    fn make_happen(&mut self, happening: Happening) {
        match happening {
            Happening::SubmitHere => self.submit_here(),
            Happening::SubmitThere => {
                if let Some(client) = self.pick(|process| process.client().is_some()) {
                    self.submit_from(client);
                }
            }
            Happening::Burst => self.burst(),
            Happening::AbandonHere => self.abandon_here(),
            Happening::AbandonThere => self.abandon_somewhere(),
            Happening::KillWorker => {
                if let Some(worker) = self.pick(|process| process.worker().is_some()) {
                    self.count(Counted::FaultWorkerKilled);
                    self.kill(worker);
                }
            }
            Happening::KillClient => {
                if let Some(client) = self.pick(|process| process.client().is_some()) {
                    self.count(Counted::FaultClientKilled);
                    self.kill(client);
                }
            }
            Happening::StopProcess => self.stop_some_process(),
            Happening::WorkerLeaves => self.some_worker_leaves(),
            Happening::ClientCloses => self.some_client_closes(),
            Happening::CutConnection => {
                if let Some(connection) = self.pick_connection() {
                    self.count(Counted::FaultConnectionCut);
                    self.cut(connection);
                }
            }
            Happening::Interrupt => self.interrupt(),
            Happening::WrongHint => {
                if let Some(connection) = self.pick_connection() {
                    self.count(Counted::FaultHintWrong);
                    let route = self.network.get(connection).expect("it is open").route;
                    self.hint(route);
                }
            }
            Happening::FillPipe => {
                if let Some(connection) = self.pick_connection() {
                    self.count(Counted::FaultPipeFull);
                    self.network.fill(connection, 1);
                }
            }
            Happening::PauseMaster => self.pause(),
            Happening::CrashMaster => {
                if self.random.permille(500) {
                    self.count(Counted::FaultMasterCrashed);
                    self.crash_master();
                }
            }
            Happening::CloseMaster => self.close_master(),
            Happening::Order => self.some_order(),
            Happening::Ask => {
                if let Some(operator) = self.pick(|process| process.raw().is_some()) {
                    self.ask(operator);
                }
                if let Some(client) = self.pick(|process| process.client().is_some()) {
                    self.ask_workers(client);
                }
            }
            Happening::SayAnything => {
                if let Some(raw) = self.pick(|process| process.raw().is_some_and(|raw| !raw.operator)) {
                    self.say_anything(raw);
                }
            }
            Happening::Misbehave => {
                if let Some(worker) = self.pick(|process| process.worker().is_some()) {
                    let later = self.random.duration_up_to(Duration::from_secs(2));
                    self.schedule.plan(self.now + later, Due::Echoes(worker));
                }
            }
        }
    }

    pub(super) fn pick(&mut self, fits: impl Fn(&Process) -> bool) -> Option<ProcessId> {
        let fitting: Vec<ProcessId> =
            self.processes.values().filter(|process| fits(process)).map(|process| process.id).collect();
        self.random.pick(&fitting).copied()
    }

    fn pick_connection(&mut self) -> Option<crate::network::ConnectionId> {
        let open: Vec<_> = self.network.open().map(|(id, _)| id).collect();
        self.random.pick(&open).copied()
    }

    fn burst(&mut self) {
        let client = self.pick(|process| process.client().is_some());
        for _ in 0..self.random.between(2, BURST_MAX) {
            match client {
                Some(client) if self.random.permille(500) => self.submit_from(client),
                _ => self.submit_here(),
            }
        }
    }

    fn pick_call(&mut self, fits: impl Fn(Caller) -> bool) -> Option<(u64, Caller)> {
        let waiting: Vec<_> = self
            .reference
            .waiting_calls()
            .filter(|(_, call)| fits(call.caller))
            .map(|(number, call)| (number, call.caller))
            .collect();
        self.random.pick(&waiting).copied()
    }

    fn abandon_here(&mut self) {
        if let Some((call, _)) = self.pick_call(|caller| caller == Caller::Embedded) {
            // As a handle is dropped: what ends before the loop knows is not delivered, either.
            self.command(Command::Abandon(call));
        }
    }

    fn abandon_somewhere(&mut self) {
        if let Some((call, Caller::Client(client))) = self.pick_call(|caller| caller != Caller::Embedded) {
            self.reference.call_abandoned(call);
            self.abandon_there(client, call);
        }
    }

    fn stop_some_process(&mut self) {
        let by = match self.random.below(3) {
            0 => self.random.millis(3100, 9000),
            _ => self.random.millis(1, 1500),
        };
        if let Some(process) = self.pick(|_| true) {
            self.stop(process, by);
        }
    }

    fn some_worker_leaves(&mut self) {
        if let Some(id) = self.pick(|process| process.worker().is_some()) {
            self.count(Counted::StepWorkerLeaves);
            self.tell_to_leave(id);
        }
    }

    pub(super) fn tell_to_leave(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        if let Being::Worker(worker) = &mut process.being {
            worker.told_to_leave = true;
            // While a handler runs, the keeper finds it.
            if worker.running.is_none() {
                self.wake(id);
            }
        }
    }

    fn some_client_closes(&mut self) {
        let Some(id) = self.pick(|process| process.client().is_some_and(|client| !client.closing)) else {
            return;
        };
        let (now, within) = (self.now, self.random.millis(0, 500));
        if let Some(client) = self.client_mut(id) {
            client.closing = true;
            client.machine.close(now, within);
        }
        self.wake(id);
    }

    fn interrupt(&mut self) {
        let Some(connection) = self.pick_connection() else { return };
        let by = match self.random.below(3) {
            0 => self.random.millis(3100, 7000),
            _ => self.random.millis(1, 2900),
        };
        self.network.interrupt(connection, self.now + by);
        self.note(&[41], || format!("{connection:?} carries nothing for {by:?}"));
        if by > crate::network::SILENT_CONNECTION {
            self.count(Counted::FaultHalfOpen);
            let gives_up = self.now + crate::network::SILENT_CONNECTION;
            self.schedule.plan(gives_up, Due::CarriesNothing(connection));
        } else {
            self.count(Counted::FaultInterrupted);
        }
    }

    fn pause(&mut self) {
        let by = match self.random.below(6) {
            0 => Duration::from_secs(10),
            1 => self.random.millis(1000, 6000),
            _ => self.random.millis(2, 600),
        };
        self.count(if by.as_secs() == 10 {
            Counted::FaultMasterPausedLong
        } else {
            Counted::FaultMasterPaused
        });
        self.pause_master(by);
    }

    fn close_master(&mut self) {
        let within = self.random.millis(0, 1500);
        if let Some(master) = self.master.as_mut().filter(|master| !master.closing) {
            master.closing = true;
            self.count(Counted::StepMasterCloses);
            self.command(Command::Close(within));
        }
    }

    fn some_order(&mut self) {
        let Some(operator) = self.pick(|process| process.raw().is_some_and(|raw| raw.operator)) else {
            return;
        };
        let verbs = ["quiet", "drain", "stop", "resume", "resume", "resume", "dance"];
        let verb = *self.random.pick(&verbs).expect("one of seven");
        let worker = self.random.between(1, 20).to_string();
        let selectors = ["all", "pool:hash", "pool:sign", "pool:none", "nobody", &worker, &worker, &worker];
        let selector = (*self.random.pick(&selectors).expect("one of eight")).to_owned();
        let within_ms = *self.random.pick(&[0, 50, 1000, 30_000_000]).expect("one of four");
        self.order(operator, verb, &selector, within_ms);
    }
}
