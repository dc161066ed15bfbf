//! The world: master, workers, clients and hostile peers, the time, and what happens next.
//!
//! * `master`: the dispatcher in a loop like that of `runner/engine/embedded/mod.rs`.
//! * `workers`: the worker's machine in a shell like that of its runtime. `clients`: the client's machine likewise.
//!   `raw`: peers that say what they like.
//! * `peers`: processes start, connect, send, stop, end.
//! * `happenings`: what is done to them. `settle`: the faults stop, and all has to come to rest.

mod clients;
mod happenings;
mod master;
mod peers;
mod raw;
mod settle;
mod submissions;
mod workers;

pub(crate) use happenings::Happening;

use crate::clock;
use crate::coverage::Counted;
use crate::network::{Arrival, ConnectionId, Network, Packet, Way};
use crate::process::{Process, ProcessId};
use crate::reference::Reference;
use crate::scenario::Scenario;
use crate::schedule::{Due, Schedule};
use crate::trace::Trace;
use crate::verdict::Check;
use master::{Came, MasterProcess};
use powerhose_harness::Draws;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// More steps than this at one instant are a livelock.
const STEPS_AT_ONCE_MAX: u32 = 20_000;
/// Messages that hostile peers may have overheard.
const OVERHEARD: usize = 32;

pub(crate) struct World {
    pub(crate) now: Instant,
    random: Draws,
    pub(crate) scenario: Scenario,
    schedule: Schedule,
    network: Network,
    master: Option<MasterProcess>,
    /// How many masters there were.
    masters: u64,
    processes: BTreeMap<ProcessId, Process>,
    last_process: u64,
    last_run: u64,
    pub(crate) reference: Reference,
    pub(crate) trace: Trace,
    overheard: VecDeque<Packet>,
    steps_now: u32,
    pub(crate) steps: u64,
    /// No more faults.
    calm: bool,
}

impl World {
    pub(crate) fn new(seed: u64, trace: Trace) -> World {
        let mut random = Draws::new(seed);
        let scenario = Scenario::draw(&mut random);
        let network = Network::new(scenario.delay_max);
        World {
            now: clock::beginning(),
            random,
            scenario,
            schedule: Schedule::default(),
            network,
            master: None,
            masters: 0,
            processes: BTreeMap::new(),
            last_process: 0,
            last_run: 0,
            reference: Reference::default(),
            trace,
            overheard: VecDeque::new(),
            steps_now: 0,
            steps: 0,
            calm: false,
        }
    }

    /// So many things happen, then the faults stop and everything comes to rest.
    pub(crate) fn run(&mut self, events: u64) {
        self.start_master();
        for seat in 0..self.scenario.seats.len() {
            let soon = self.random.millis(0, 20);
            self.advance(soon);
            self.start(seat);
        }
        for _ in 0..events {
            let gap = self.draw_gap();
            self.advance(gap);
            if self.is_decided() {
                return;
            }
            self.happen();
        }
        self.settle();
    }

    pub(crate) fn is_decided(&self) -> bool {
        self.reference.verdict.first.is_some()
    }

    fn draw_gap(&mut self) -> Duration {
        let gap = self.scenario.gap;
        match self.random.below(200) {
            0 => self.random.millis(500, 3000),
            1..60 => Duration::ZERO,
            _ => self.random.duration_up_to(gap * 4),
        }
    }

    /// Lets time pass, and happen what happens meanwhile.
    pub(crate) fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        while !self.is_decided()
            && let Some((at, due)) = self.schedule.pop_until(until)
        {
            if at > self.now {
                self.now = at;
                self.steps_now = 0;
            }
            self.steps_now += 1;
            self.steps += 1;
            let lively = self.steps_now < STEPS_AT_ONCE_MAX;
            self.reference.verdict.must(Check::Livelock, lively, || format!("{due:?} again and again"));
            self.step(due);
        }
        if !self.is_decided() && until > self.now {
            self.now = until;
            self.steps_now = 0;
        }
    }

    fn step(&mut self, due: Due) {
        match due {
            Due::Arrives(connection, way) => self.arrive(connection, way),
            Due::Turn(process) => self.turn(process),
            Due::MasterTurn => self.master_turn(),
            Due::HandlerEnds(process, run) => self.handler_ends(process, run),
            Due::SeesEnd(route) => self.sees_end(route),
            Due::Hint(route) => self.hint(route),
            Due::PeerLearns(connection) => self.peer_learns(connection),
            Due::CarriesNothing(connection) => self.give_up_connection(connection),
            Due::Connects(process) => self.connect(process),
            Due::Continues(process) => self.go_on(process),
            Due::Starts(seat) => self.start(seat),
            Due::ExitKnown(master, pid, exit) => self.exit_known(master, pid, exit),
            Due::MasterContinues(master) => self.master_continues(master),
            Due::MasterStarts => self.start_master(),
            Due::Echoes(process) => self.echo(process),
        }
    }

    fn arrive(&mut self, connection: ConnectionId, way: Way) {
        let Some(Arrival { packet, is_overtaken }) = self.network.arrival(self.now, connection, way) else {
            return;
        };
        if is_overtaken {
            self.count(Counted::FaultOvertaken);
        }
        let Some(open) = self.network.get(connection) else { return };
        let (peer, route) = (open.peer, open.route);
        self.overhear(&packet);
        match way {
            Way::ToMaster => {
                if let Some(master) = &mut self.master {
                    master.inbox.push_back((route, Came::Message(packet)));
                    self.wake_master();
                }
            }
            Way::ToPeer => {
                if let Some(process) = self.processes.get_mut(&peer) {
                    process.inbox.push_back(packet);
                    self.wake(peer);
                }
            }
        }
    }

    fn overhear(&mut self, packet: &Packet) {
        if self.overheard.len() == OVERHEARD {
            self.overheard.pop_front();
        }
        self.overheard.push_back(packet.clone());
    }

    fn count(&mut self, counted: Counted) {
        self.reference.count(counted);
    }

    fn note(&mut self, bytes: &[u8], text: impl FnOnce() -> String) {
        self.trace.note(self.now, bytes, text);
    }
}
