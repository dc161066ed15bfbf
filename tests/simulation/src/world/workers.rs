//! Workers: the machine in a shell like that of `powerhose_worker`'s runtime. The job thread has the socket while no
//! handler runs; while one does, a keeper takes it every 50 ms, and every millisecond while others wait behind it.

use super::World;
use crate::coverage::Counted;
use crate::network::Packet;
use crate::process::{Being, Manners, Process, ProcessId, Running, WorkerProcess};
use crate::scenario::WorkerSeat;
use crate::schedule::Due;
use crate::verdict::Check;
use crate::work::{Deed, LIE, Work, code_of, reply_to};
use bytes::Bytes;
use powerhose::WorkerExit;
use powerhose_protocol::{
    Message, NamedValues, Register, Replies, ReplyEntry, SharedSecret, WorkerEnd, decode,
};
use powerhose_worker::WATCHDOG_EXIT_STATUS;
use powerhose_worker::machine::{Action, Ending, Machine, Outcome, PoolSettings, Settings, Work as Given};
use std::collections::BTreeMap;
use std::time::Duration;

/// Messages read in one turn.
const MESSAGES_PER_TURN: usize = 1024;
/// Between two looks of the keeper.
const TICK: Duration = Duration::from_millis(50);
/// The same while jobs wait behind others.
const SHORT_TICK: Duration = Duration::from_millis(1);
/// The answer of a handler that cannot read its job.
const NO_WORK: &str = "no-work";

impl WorkerSeat {
    /// Nobody lets it in.
    pub(super) fn stranger() -> WorkerSeat {
        WorkerSeat {
            pools: vec![("hash", 1)],
            manners: Manners::Honest,
            supervised: false,
            silence_max: Duration::from_secs(30),
        }
    }
}

impl World {
    pub(super) fn worker_process(
        &mut self,
        seat: &WorkerSeat,
        id: ProcessId,
        pid: u32,
        secret: Option<SharedSecret>,
    ) -> Being {
        let pool = |(name, credit_max): &(&str, u64)| PoolSettings {
            name: (*name).to_owned(),
            credit_max: *credit_max,
        };
        let settings = Settings {
            pools: seat.pools.iter().map(pool).collect(),
            software: "simulated/1".to_owned(),
            host: if seat.supervised { super::master::HOST } else { "there" }.to_owned(),
            instance: format!("{:032x}", id.0),
            pid: pid.into(),
            labels: Vec::new(),
            credentials: self.credentials(secret),
            silence_max: seat.silence_max,
        };
        Being::Worker(Box::new(WorkerProcess {
            machine: Machine::new(self.now, settings),
            manners: seat.manners,
            told_to_leave: false,
            running: None,
            session: None,
            given_in: BTreeMap::new(),
            echoes: Vec::new(),
        }))
    }

    /// The job thread's loop, or the keeper's look. Tells how the process ends, if it does.
    pub(super) fn worker_turn(
        &mut self,
        process: &mut Process,
        worker: &mut WorkerProcess,
    ) -> Option<WorkerExit> {
        if worker.running.is_some() {
            return self.keeper_looks(process, worker);
        }
        while worker.running.is_none() && !self.is_decided() {
            if let Some(exit) = self.worker_reads(process, worker) {
                return Some(exit);
            }
            if let Some(ending) = worker.machine.ending().cloned() {
                return Some(self.worker_ended(process, &ending));
            }
            let given = worker.machine.next_job(self.now);
            let exit = self.worker_acts(process, worker);
            if exit.is_some() {
                return exit;
            }
            match given {
                Some(given) => self.begin(process, worker, given),
                None if self.looks(process, worker) => {}
                None => break,
            }
        }
        self.plan_worker(process, worker);
        None
    }

    fn keeper_looks(&mut self, process: &mut Process, worker: &mut WorkerProcess) -> Option<WorkerExit> {
        if worker.manners != Manners::Inattentive {
            let exit = self.worker_reads(process, worker);
            if exit.is_some() {
                return exit;
            }
            self.looks(process, worker);
            let exit = self.worker_acts(process, worker);
            if exit.is_some() {
                return exit;
            }
        }
        self.plan_worker(process, worker);
        None
    }

    /// When the loop has to turn next, come what may.
    fn plan_worker(&mut self, process: &mut Process, worker: &WorkerProcess) {
        let at = match &worker.running {
            Some(_) if worker.manners == Manners::Inattentive => return,
            Some(_) if worker.machine.has_stock() => self.now + SHORT_TICK,
            Some(_) => self.now + TICK,
            None => match worker.machine.poll_timeout() {
                Some((at, _)) => at.max(self.now),
                None => return,
            },
        };
        if process.turn_at.is_none_or(|turn_at| at < turn_at) {
            process.turn_at = Some(at);
            self.schedule.plan(at, Due::Turn(process.id));
        }
    }

    /// Reads what came, then lets time pass.
    fn worker_reads(&mut self, process: &mut Process, worker: &mut WorkerProcess) -> Option<WorkerExit> {
        if std::mem::take(&mut worker.told_to_leave) {
            worker.machine.leave(self.now);
            let exit = self.worker_acts(process, worker);
            if exit.is_some() {
                return exit;
            }
        }
        for _ in 0..MESSAGES_PER_TURN {
            let Some(packet) = process.inbox.pop_front() else { break };
            self.note(&packet.header, || format!("worker {} reads {}", process.id.0, packet.describe()));
            remember_sessions(worker, &packet);
            let mut payloads = packet.payloads;
            worker.machine.handle(self.now, &packet.header, &mut payloads);
            let exit = self.worker_acts(process, worker);
            if exit.is_some() {
                return exit;
            }
        }
        worker.machine.handle_timeout(self.now);
        self.worker_acts(process, worker)
    }

    fn worker_acts(&mut self, process: &mut Process, worker: &mut WorkerProcess) -> Option<WorkerExit> {
        while let Some(action) = worker.machine.poll_action() {
            match action {
                Action::Send { header, payloads } => {
                    let packet = self.with_manners(process.id, worker, Packet { header, payloads });
                    if !self.send(process, packet) {
                        worker.machine.handle_disconnected(self.now);
                    }
                }
                Action::CancelRunning => self.cancel_handler(process, worker),
                Action::Overrun { job, .. } => {
                    self.note(&[20], || format!("{job} hangs, its process ends"));
                    self.count(Counted::StepWatchdog);
                    return Some(WorkerExit::Status(WATCHDOG_EXIT_STATUS));
                }
            }
        }
        None
    }

    /// What has become of the connection. Whether there is something to do.
    fn looks(&mut self, process: &mut Process, worker: &mut WorkerProcess) -> bool {
        let connected = process.connection.is_some();
        if connected && worker.machine.awaits_connection() {
            worker.machine.handle_connected(self.now);
            true
        } else if !connected && worker.machine.has_session() && process.inbox.is_empty() {
            worker.machine.handle_disconnected(self.now);
            true
        } else {
            !process.inbox.is_empty()
        }
    }

    fn worker_ended(&mut self, process: &Process, ending: &Ending) -> WorkerExit {
        self.note(&[21], || format!("worker {} ends: {ending:?}", process.id.0));
        self.count(Counted::StepWorkerExits);
        match ending {
            Ending::Left | Ending::Stopped { .. } => WorkerExit::Status(0),
            Ending::Unreachable => WorkerExit::Status(1),
            Ending::Refused { .. } => {
                let stranger = matches!(self.scenario.seats[process.seat], crate::scenario::Seat::Stranger);
                if stranger {
                    self.count(Counted::FaultStranger);
                }
                self.reference
                    .verdict
                    .must(Check::Refused, stranger, || format!("worker {} ends: {ending:?}", process.id.0));
                WorkerExit::Status(1)
            }
        }
    }

    fn begin(&mut self, process: &Process, worker: &mut WorkerProcess, given: Given<Bytes>) {
        self.last_run += 1;
        let number = self.last_run;
        let work = Work::read(&given.payload);
        self.note(&[22], || {
            format!("worker {} begins {} (attempt {}): {work:?}", process.id.0, given.job, given.attempt)
        });
        let came_in = worker.given_in.remove(&(given.job, given.attempt));
        let present = worker.session;
        self.reference.verdict.must(Check::ForeignSession, came_in.is_some() && came_in == present, || {
            format!("{} came in session {came_in:?}, it begins in {present:?}", given.job)
        });
        self.reference.began(&given.payload);
        let run = work.map_or(Duration::from_micros(10), |work| work.run);
        match work.map(|work| work.deed) {
            Some(Deed::Hang) => self.count(Counted::FaultHang),
            _ => self.schedule.plan(self.now + run, Due::HandlerEnds(process.id, number)),
        }
        worker.running = Some(Running { number, given, work, since: self.now, over: false });
    }

    /// A handler that listens returns soon; half of them do not.
    fn cancel_handler(&mut self, process: &Process, worker: &mut WorkerProcess) {
        let Some(running) = &worker.running else { return };
        if running.work.is_some_and(|work| work.call % 2 == 0) {
            let soon = self.random.micros(10, 3000);
            self.schedule.plan(self.now + soon, Due::HandlerEnds(process.id, running.number));
        }
    }

    pub(super) fn handler_ends(&mut self, id: ProcessId, number: u64) {
        let Some(mut process) = self.processes.remove(&id) else { return };
        let being = std::mem::replace(&mut process.being, Being::Nobody);
        let Being::Worker(mut worker) = being else { unreachable!("only workers have handlers") };
        let exit = self.handler_returns(&mut process, &mut worker, number);
        process.being = Being::Worker(worker);
        self.processes.insert(id, process);
        if let Some(exit) = exit {
            self.ends(id, exit);
        }
    }

    fn handler_returns(
        &mut self,
        process: &mut Process,
        worker: &mut WorkerProcess,
        number: u64,
    ) -> Option<WorkerExit> {
        let running = worker.running.as_mut().filter(|running| running.number == number)?;
        if process.stopped {
            running.over = true;
            return None;
        }
        let running = worker.running.take()?;
        if running.work.is_some_and(|work| work.deed == Deed::Kill) {
            self.count(Counted::FaultPoison);
            return Some(WorkerExit::Signal(11));
        }
        let payload_bytes_max = self.scenario.settings.payload_bytes_max;
        let outcome = outcome(&running, payload_bytes_max);
        worker.machine.finish(outcome, self.now - running.since);
        let exit = self.worker_acts(process, worker);
        if exit.is_some() {
            return exit;
        }
        process.turn_at = None;
        self.worker_turn(process, worker)
    }

    /// What a worker without manners makes of its messages.
    fn with_manners(&mut self, id: ProcessId, worker: &mut WorkerProcess, packet: Packet) -> Packet {
        let Ok(message) = decode(&packet.header, packet.payloads.len()) else { return packet };
        match message {
            Message::Hello(_) => worker.session = None,
            Message::Register(register) => {
                worker.session = Some(register.session);
                if worker.manners == Manners::Inattentive {
                    let header = Message::from(Register { attentive: false, ..register }).encode();
                    return Packet { header, payloads: packet.payloads };
                }
            }
            Message::Replies(_) if worker.manners == Manners::Repeats && self.random.permille(500) => {
                worker.echoes.push(packet.clone());
                // Soon enough, now and then, to meet the next attempt of the same job.
                let soon = self.random.duration_up_to(Duration::from_millis(300));
                self.schedule.plan(self.now + soon, Due::Echoes(id));
            }
            _ => {}
        }
        packet
    }

    /// A worker without manners says something that nobody asked it.
    pub(super) fn echo(&mut self, id: ProcessId) {
        let Some(mut process) = self.processes.remove(&id) else { return };
        let being = std::mem::replace(&mut process.being, Being::Nobody);
        if let Being::Worker(mut worker) = being {
            self.misbehave(&process, &mut worker);
            process.being = Being::Worker(worker);
        } else {
            process.being = being;
        }
        self.processes.insert(id, process);
    }

    fn misbehave(&mut self, process: &Process, worker: &mut WorkerProcess) {
        if process.stopped {
            return;
        }
        if let Some(echo) = worker.echoes.pop() {
            let now = match decode(&echo.header, echo.payloads.len()) {
                Ok(message) => message.session() == worker.session,
                Err(_) => false,
            };
            self.count(if now { Counted::FaultReplyTwice } else { Counted::FaultReplyLate });
            self.send(process, echo);
        }
        if worker.manners == Manners::Lies {
            self.lie(process, worker);
        }
    }

    fn lie(&mut self, process: &Process, worker: &WorkerProcess) {
        let connection = process.connection.and_then(|connection| self.network.get(connection));
        let (Some(session), Some(connection)) = (worker.session, connection) else { return };
        let Some((job, attempt)) = self.reference.dispatch_elsewhere(connection.route) else { return };
        let entry = ReplyEntry {
            job,
            attempt,
            end: WorkerEnd::Done,
            run_us: 1,
            code: "",
            text: "",
            headers: NamedValues::default(),
        };
        self.count(Counted::FaultLie);
        let header = Message::from(Replies { session, replies: vec![entry] }).encode();
        self.send(process, Packet { header, payloads: vec![Bytes::from_static(LIE)] });
    }
}

/// In which session its jobs come.
fn remember_sessions(worker: &mut WorkerProcess, packet: &Packet) {
    if let Ok(Message::Jobs(jobs)) = decode(&packet.header, packet.payloads.len()) {
        for entry in &jobs.jobs {
            worker.given_in.insert((entry.job, entry.attempt), jobs.session);
        }
    }
}

fn outcome(running: &Running, payload_bytes_max: usize) -> Outcome<Bytes> {
    let payload = &running.given.payload;
    match running.work.map(|work| work.deed) {
        Some(Deed::Reply) => {
            Outcome::Done { payload: reply_to(payload).into(), headers: running.given.headers.clone() }
        }
        Some(Deed::Burst) => {
            Outcome::Done { payload: vec![0; payload_bytes_max + 1].into(), headers: Vec::new() }
        }
        Some(Deed::Fail) => Outcome::Failed { code: code_of(payload), text: "as asked".to_owned() },
        Some(Deed::Hang | Deed::Kill) | None => {
            Outcome::Failed { code: NO_WORK.to_owned(), text: String::new() }
        }
    }
}
