//! Processes beside the master: they start, connect, send, stop, and end in every way there is.

use super::World;
use super::master::Command;
use crate::coverage::Counted;
use crate::network::{ConnectionId, Packet, SILENT_CONNECTION, Taken, Way};
use crate::process::{Being, Process, ProcessId};
use crate::reference::Standing;
use crate::scenario::{Seat, WorkerSeat};
use crate::schedule::Due;
use powerhose::WorkerExit;
use powerhose_protocol::{Credentials, SharedSecret};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Between two attempts to connect, at most.
const RECONNECT_MAX_MS: u64 = 500;
const RECONNECT_MIN_MS: u64 = 50;

impl World {
    /// A process takes this seat, if it is free.
    pub(super) fn start(&mut self, seat: usize) {
        if self.processes.values().any(|process| process.seat == seat) {
            return;
        }
        if self.calm && matches!(self.scenario.seats[seat], Seat::Raw | Seat::Stranger) {
            return;
        }
        self.last_process += 1;
        let id = ProcessId(self.last_process);
        let pid = 1000 + id.0 as u32;
        let being = self.being(seat, id, pid);
        self.note(&[10, seat as u8], || format!("process {} starts at seat {seat}", id.0));
        let process = Process {
            id,
            seat,
            pid,
            connection: None,
            inbox: VecDeque::new(),
            disconnected: false,
            stopped: false,
            turn_at: None,
            being,
        };
        self.processes.insert(id, process);
        if self.is_supervised(seat) {
            self.command(Command::Supervised(pid));
        }
        let soon = self.random.millis(0, 10);
        self.schedule.plan(self.now + soon, Due::Connects(id));
        self.wake(id);
    }

    fn being(&mut self, seat: usize, id: ProcessId, pid: u32) -> Being {
        match self.scenario.seats[seat].clone() {
            Seat::Worker(worker) => {
                self.count(Counted::StepWorkerStarts);
                let secret = self.scenario.secrets.as_ref().map(|secrets| secrets.workers.clone());
                self.worker_process(&worker, id, pid, secret)
            }
            Seat::Stranger => {
                let secret = self.scenario.secrets.as_ref().map(|secrets| secrets.wrong.clone());
                self.worker_process(&WorkerSeat::stranger(), id, pid, secret)
            }
            Seat::Client(client) => {
                self.count(Counted::StepClientStarts);
                self.client_process(&client)
            }
            Seat::Raw => self.raw_peer(false),
            Seat::Operator => self.raw_peer(true),
        }
    }

    pub(super) fn credentials(&mut self, secret: Option<SharedSecret>) -> Option<Credentials> {
        let seed = self.random.number();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        secret.map(|secret| Credentials { secret, seed: bytes })
    }

    pub(super) fn is_supervised(&self, seat: usize) -> bool {
        matches!(&self.scenario.seats[seat], Seat::Worker(worker) if worker.supervised)
    }

    pub(super) fn connect(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        if process.connection.is_some() {
            return;
        }
        let (seat, proves) = (process.seat, process.raw().is_none_or(|raw| raw.proves));
        let listening = self.master.as_ref().is_some_and(|master| master.paused_since.is_none());
        if !listening || process.stopped {
            let again = self.random.millis(RECONNECT_MIN_MS, RECONNECT_MAX_MS);
            return self.schedule.plan(self.now + again, Due::Connects(id));
        }
        let connection = self.network.connect(id);
        process.connection = Some(connection);
        let route = self.network.get(connection).expect("it was just made").route;
        self.note(&[11, id.0 as u8], || format!("process {} connects: {route:?}", id.0));
        let seat = &self.scenario.seats[seat];
        let standing = Standing {
            process: id,
            proves: proves && !matches!(seat, Seat::Stranger),
            // An operator that loses its patience says HELLO too often.
            honest: !matches!(seat, Seat::Raw | Seat::Operator),
        };
        self.reference.connected(route, standing);
        self.wake(id);
    }

    /// The process's loop has something to do.
    pub(super) fn wake(&mut self, id: ProcessId) {
        let soon = self.random.micros(0, 30);
        self.wake_at(id, self.now + soon);
    }

    pub(super) fn wake_at(&mut self, id: ProcessId, at: Instant) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        if !process.stopped && process.turn_at.is_none_or(|turn_at| at < turn_at) {
            process.turn_at = Some(at);
            self.schedule.plan(at, Due::Turn(id));
        }
    }

    pub(super) fn turn(&mut self, id: ProcessId) {
        let due = |process: &Process| process.turn_at == Some(self.now) && !process.stopped;
        if !self.processes.get(&id).is_some_and(due) {
            return;
        }
        self.run_process(id);
    }

    fn run_process(&mut self, id: ProcessId) {
        let Some(mut process) = self.processes.remove(&id) else { return };
        process.turn_at = None;
        let Process { ref mut being, .. } = process;
        let being = std::mem::replace(being, Being::Nobody);
        let (being, exit) = match being {
            Being::Worker(mut worker) => {
                let exit = self.worker_turn(&mut process, &mut worker);
                (Being::Worker(worker), exit)
            }
            Being::Client(mut client) => {
                let exit = self.client_turn(&mut process, &mut client);
                (Being::Client(client), exit)
            }
            Being::Raw(mut raw) => {
                self.raw_turn(&mut process, &mut raw);
                (Being::Raw(raw), None)
            }
            Being::Nobody => return,
        };
        process.being = being;
        self.processes.insert(id, process);
        if let Some(exit) = exit {
            self.ends(id, exit);
        }
    }

    /// Hands a message of a peer to its socket; tells whether there was a connection for it.
    pub(super) fn send(&mut self, process: &Process, packet: Packet) -> bool {
        self.trace.note(self.now, &packet.header, String::new);
        let Some(connection) = process.connection else { return false };
        match self.network.send_to_master(self.now, connection, packet, &mut self.random) {
            Taken::Arriving(at) => {
                self.schedule.plan(at, Due::Arrives(connection, Way::ToMaster));
                true
            }
            Taken::Swallowed => true,
            Taken::Refused => false,
        }
    }

    /// A connection ends: both sides will notice, each in its own time.
    pub(super) fn cut(&mut self, connection: ConnectionId) {
        let Some(route) = self.network.get(connection).map(|connection| connection.route) else { return };
        let Some(lost) = self.network.end(self.now, connection, &mut self.random) else { return };
        self.note(&[12, route.number as u8], || format!("{route:?} ends, {lost} messages are lost"));
        if lost > 0 {
            self.count(Counted::FaultMessagesLost);
        }
        let learns = self.random.duration_up_to(Duration::from_millis(2));
        self.schedule.plan(self.now + learns, Due::PeerLearns(connection));
        if self.random.permille(500) {
            self.count(Counted::FaultEndSeen);
            let seen = self.network.last_arrival(connection).map_or(self.now, |last| last.max(self.now));
            return self.schedule.plan(seen, Due::SeesEnd(route));
        }
        match self.random.below(20) {
            0 => self.count(Counted::FaultHintNever),
            1 | 2 => {
                self.count(Counted::FaultHintLate);
                let late = self.random.millis(5, 1500);
                self.schedule.plan(self.now + late, Due::Hint(route));
            }
            _ => self.schedule.plan(self.now + Duration::from_micros(300), Due::Hint(route)),
        }
    }

    pub(super) fn peer_learns(&mut self, connection: ConnectionId) {
        let Some(peer) = self.network.get(connection).map(|connection| connection.peer) else { return };
        self.network.peer_learns(connection);
        self.network.forget_ended(self.now);
        let Some(process) = self.processes.get_mut(&peer) else { return };
        if process.connection == Some(connection) {
            process.connection = None;
            process.disconnected = true;
            let again = self.random.millis(RECONNECT_MIN_MS, RECONNECT_MAX_MS);
            self.schedule.plan(self.now + again, Due::Connects(peer));
            self.wake(peer);
        }
    }

    /// Nothing came through for so long that the master's socket closes it.
    pub(super) fn give_up_connection(&mut self, connection: ConnectionId) {
        if self.master.as_ref().is_some_and(|master| master.paused_since.is_some()) {
            // Its sockets stand still, too.
            return self.schedule.plan(self.now + SILENT_CONNECTION, Due::CarriesNothing(connection));
        }
        self.cut(connection);
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self, id: ProcessId) {
        self.ends(id, WorkerExit::Signal(9));
    }

    /// A process is no more.
    pub(super) fn ends(&mut self, id: ProcessId, exit: WorkerExit) {
        let Some(process) = self.processes.remove(&id) else { return };
        self.note(&[13, id.0 as u8], || format!("process {} is no more: {exit}", id.0));
        if let Some(connection) = process.connection {
            self.cut(connection);
            self.network.bury_peer(connection);
        }
        self.reference.client_died(id);
        if self.is_supervised(process.seat)
            && let Some(master) = &self.master
        {
            let number = master.number;
            let known = match self.random.below(10) {
                0 => None,
                1 => Some(self.random.millis(100, 600)),
                _ => Some(self.random.micros(100, 8000)),
            };
            match known {
                Some(after) => {
                    self.schedule.plan(self.now + after, Due::ExitKnown(number, process.pid, exit))
                }
                None => self.count(Counted::FaultExitUnknown),
            }
        }
        let again = self.random.millis(1, 800);
        self.schedule.plan(self.now + again, Due::Starts(process.seat));
    }

    /// SIGSTOP, for so long. The sockets of a stopped process stand still, too.
    pub(super) fn stop(&mut self, id: ProcessId, by: Duration) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        if process.stopped {
            return;
        }
        process.stopped = true;
        process.turn_at = None;
        let connection = process.connection;
        self.note(&[14, id.0 as u8], || format!("process {} is stopped for {by:?}", id.0));
        self.count(Counted::FaultStopped);
        self.schedule.plan(self.now + by, Due::Continues(id));
        // Now and then the master's socket does not notice: then its heartbeats must.
        if by > SILENT_CONNECTION
            && self.random.permille(500)
            && let Some(connection) = connection
        {
            self.count(Counted::FaultStoppedLong);
            self.schedule.plan(self.now + SILENT_CONNECTION, Due::CarriesNothing(connection));
        }
    }

    pub(super) fn go_on(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        if !std::mem::take(&mut process.stopped) {
            return;
        }
        let over = process.worker().and_then(|worker| worker.running.as_ref()).filter(|running| running.over);
        if let Some(run) = over.map(|running| running.number) {
            self.schedule.plan(self.now, Due::HandlerEnds(id, run));
        }
        self.note(&[15, id.0 as u8], || format!("process {} goes on", id.0));
        self.wake_at(id, self.now);
    }
}
