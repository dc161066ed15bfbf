//! The master's process: the desk in a loop like that of `runner/engine/embedded/mod.rs`.

use super::World;
use crate::coverage::Counted;
use crate::network::{Packet, Taken, Way};
use crate::process::{Being, ProcessId};
use crate::reference::MasterFacts;
use crate::schedule::Due;
use powerhose::WorkerExit;
use powerhose::desk::{Action, Desk, Event, Identity, Route, Submission};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Commands, and then messages, that are taken in before the actions are carried out.
const BATCH: usize = 256;
/// The name of the host that the master runs on.
pub(super) const HOST: &str = "here";
/// Longer than this, and the master must not hold the silence of others against them.
const DEAF: Duration = Duration::from_secs(2);

pub(super) struct MasterProcess {
    pub(super) number: u64,
    pub(super) desk: Desk,
    pub(super) inbox: VecDeque<(Route, Came)>,
    pub(super) commands: VecDeque<Command>,
    pub(super) hints: VecDeque<Route>,
    pub(super) paused_since: Option<Instant>,
    pub(super) turn_at: Option<Instant>,
    pub(super) closing: bool,
}

/// What came over a connection, in its order.
pub(super) enum Came {
    Message(Packet),
    End,
}

/// What comes from the callers in its process, and from its supervisor.
#[derive(Debug)]
pub(super) enum Command {
    Submit(u64, Submission),
    Abandon(u64),
    Supervised(u32),
    Exited(u32, WorkerExit),
    Close(Duration),
}

impl World {
    pub(super) fn start_master(&mut self) {
        if self.master.is_some() {
            return;
        }
        self.masters += 1;
        let number = self.masters;
        let settings = self.scenario.settings.clone();
        let facts = MasterFacts { settings: settings.clone(), started: self.now };
        let identity = Identity { pid: 1, host: HOST.to_owned() };
        let seed = self.random.number();
        self.note(&[1], || format!("master {number} starts"));
        self.master = Some(MasterProcess {
            number,
            desk: Desk::new(settings, identity, seed, self.now),
            inbox: VecDeque::new(),
            commands: VecDeque::new(),
            hints: VecDeque::new(),
            paused_since: None,
            turn_at: None,
            closing: false,
        });
        self.reference.master_started(facts);
        self.count(Counted::StepMasterStarts);
        self.wake_master();
    }

    /// The loop has something to do.
    pub(super) fn wake_master(&mut self) {
        let lateness = self.scenario.lateness_max;
        let late = if self.calm || self.random.permille(800) {
            Duration::ZERO
        } else {
            self.random.duration_up_to(lateness)
        };
        if late > Duration::from_millis(1) {
            self.count(Counted::FaultMasterLate);
        }
        self.wake_master_at(self.now + late);
    }

    fn wake_master_at(&mut self, at: Instant) {
        let Some(master) = &mut self.master else { return };
        if master.paused_since.is_none() && master.turn_at.is_none_or(|turn_at| at < turn_at) {
            master.turn_at = Some(at);
            self.schedule.plan(at, Due::MasterTurn);
        }
    }

    pub(super) fn command(&mut self, command: Command) {
        if let Some(master) = &mut self.master {
            master.commands.push_back(command);
            self.wake_master();
        }
    }

    /// The master's side of a connection sees its end.
    pub(super) fn sees_end(&mut self, route: Route) {
        self.note(&[20, route.number as u8], || format!("{route:?} is seen to have ended"));
        if let Some(master) = &mut self.master {
            master.inbox.push_back((route, Came::End));
            self.wake_master();
        }
    }

    pub(super) fn hint(&mut self, route: Route) {
        if let Some(master) = &mut self.master {
            master.hints.push_back(route);
            self.wake_master();
        }
    }

    pub(super) fn master_turn(&mut self) {
        let due = |master: &MasterProcess| master.paused_since.is_none() && master.turn_at == Some(self.now);
        if !self.master.as_ref().is_some_and(due) {
            return;
        }
        let Some(mut master) = self.master.take() else { return };
        master.turn_at = None;
        while !self.is_decided() {
            let worked = self.take_in(&mut master);
            master.desk.handle_timeout(self.now);
            if self.act(&mut master) {
                return self.master_closed();
            }
            self.reference.turn_ended(self.now, &master.desk);
            if !worked {
                break;
            }
        }
        let next = master.desk.poll_timeout();
        self.master = Some(master);
        if let Some((when, _)) = next {
            let late = if self.calm || self.random.permille(900) {
                Duration::ZERO
            } else {
                self.random.duration_up_to(self.scenario.lateness_max)
            };
            self.wake_master_at(when.max(self.now) + late);
        }
    }

    /// Commands, messages and ends, hints, in this order.
    fn take_in(&mut self, master: &mut MasterProcess) -> bool {
        let mut worked = false;
        for _ in 0..BATCH {
            let Some(command) = master.commands.pop_front() else { break };
            self.obey(master, command);
            worked = true;
        }
        for _ in 0..BATCH {
            match master.inbox.pop_front() {
                Some((route, Came::Message(packet))) => self.hand_in(master, route, packet),
                Some((route, Came::End)) => self.hand_in_end(master, route),
                None => break,
            }
            worked = true;
        }
        while let Some(route) = master.hints.pop_front() {
            self.note(&[2, route.number as u8], || format!("{route:?} is suspected"));
            self.reference.suspected(self.now, route);
            master.desk.handle(self.now, Event::Suspected { route });
            worked = true;
        }
        worked
    }

    fn obey(&mut self, master: &mut MasterProcess, command: Command) {
        self.note(&[3], || format!("command {command:?}"));
        let buries = matches!(command, Command::Exited(..));
        let event = match command {
            Command::Submit(call, submission) => {
                self.reference.submitted(self.now, call, &submission);
                Event::Submit { call, submission }
            }
            Command::Abandon(call) => {
                self.reference.abandoned(call);
                self.reference.call_abandoned(call);
                Event::Abandon { call }
            }
            Command::Supervised(pid) => Event::Supervised { pid },
            Command::Exited(pid, exit) => {
                self.reference.exited(pid);
                Event::Exited { pid, exit }
            }
            Command::Close(within) => {
                self.reference.closing();
                Event::Close { within }
            }
        };
        master.desk.handle(self.now, event);
        if buries {
            self.reference.looked_at(&master.desk);
        }
    }

    fn hand_in(&mut self, master: &mut MasterProcess, route: Route, packet: Packet) {
        self.note(&packet.header, || format!("{route:?} -> master: {}", packet.describe()));
        self.reference.received(self.now, route, &packet.header, &packet.payloads);
        let mut payloads = packet.payloads;
        let peers = |desk: &Desk| {
            let holdings = desk.holdings();
            holdings.workers + holdings.clients
        };
        let before = peers(&master.desk);
        let event = Event::Received { route, header: &packet.header, payloads: &mut payloads };
        master.desk.handle(self.now, event);
        if peers(&master.desk) < before {
            self.reference.fewer_peers(route);
        }
    }

    /// Does what the desk wants done; tells whether the master is at its end.
    fn act(&mut self, master: &mut MasterProcess) -> bool {
        while let Some(action) = master.desk.poll_action() {
            self.note(&[4], || describe(&action));
            self.reference.acted(self.now, &action);
            match action {
                Action::Send { route, header, payloads } => {
                    self.send_out(master, route, Packet { header, payloads });
                }
                Action::Cut { route } => {
                    if let Some((connection, _)) = self.network.routed(route) {
                        self.cut(connection);
                    }
                }
                Action::Complete { .. } | Action::Notify(_) => {}
                Action::Closed => return true,
            }
            if self.is_decided() {
                break;
            }
        }
        false
    }

    fn send_out(&mut self, master: &mut MasterProcess, route: Route, packet: Packet) {
        self.trace.note(self.now, &packet.header, String::new);
        let Some((connection, _)) = self.network.routed(route) else {
            return self.refuse(master, route);
        };
        match self.network.send_to_peer(self.now, route, packet, &mut self.random) {
            Taken::Arriving(at) => self.schedule.plan(at, Due::Arrives(connection, Way::ToPeer)),
            Taken::Swallowed => self.count(Counted::FaultFalseSuccess),
            Taken::Refused => self.refuse(master, route),
        }
    }

    fn refuse(&mut self, master: &mut MasterProcess, route: Route) {
        self.note(&[5, route.number as u8], || format!("{route:?} is unreachable"));
        self.hand_in_end(master, route);
    }

    fn hand_in_end(&mut self, master: &mut MasterProcess, route: Route) {
        self.reference.ended(route);
        master.desk.handle(self.now, Event::Ended { route });
    }

    /// SIGSTOP, a suspended machine, a debugger.
    pub(super) fn pause_master(&mut self, by: Duration) {
        let Some(master) = &mut self.master else { return };
        if master.paused_since.is_some() {
            return;
        }
        master.paused_since = Some(self.now);
        master.turn_at = None;
        let number = master.number;
        self.schedule.plan(self.now + by, Due::MasterContinues(number));
        self.note(&[6], || format!("the master is paused for {by:?}"));
    }

    pub(super) fn master_continues(&mut self, number: u64) {
        let Some(master) = self.master.as_mut().filter(|master| master.number == number) else { return };
        let Some(since) = master.paused_since.take() else { return };
        self.note(&[7], || "the master goes on".to_owned());
        self.reference.master_paused(self.now, self.now - since >= DEAF);
        self.wake_master_at(self.now);
    }

    /// The master's process ends in good order.
    fn master_closed(&mut self) {
        self.master_ends("closed");
    }

    /// SIGKILL: whatever it held is gone.
    pub(super) fn crash_master(&mut self) {
        if self.master.take().is_some() {
            self.master_ends("killed");
        }
    }

    fn master_ends(&mut self, how: &str) {
        self.note(&[8], || format!("the master is gone: {how}"));
        self.reference.master_gone();
        for connection in self.network.master_died(self.now, &mut self.random) {
            let soon = self.random.duration_up_to(Duration::from_millis(2));
            self.schedule.plan(self.now + soon, Due::PeerLearns(connection));
        }
        // Its children end with it.
        let children: Vec<ProcessId> = self
            .processes
            .iter()
            .filter(|(_, process)| {
                matches!(process.being, Being::Worker(_)) && self.is_supervised(process.seat)
            })
            .map(|(id, _)| *id)
            .collect();
        for child in children {
            self.kill(child);
        }
        let again = self.random.millis(1, 1500);
        self.schedule.plan(self.now + again, Due::MasterStarts);
    }

    pub(super) fn exit_known(&mut self, master: u64, pid: u32, exit: WorkerExit) {
        if self.master.as_ref().is_some_and(|present| present.number == master) {
            self.command(Command::Exited(pid, exit));
        }
    }
}

fn describe(action: &Action) -> String {
    match action {
        Action::Send { route, header, payloads } => {
            let packet = Packet { header: header.clone(), payloads: payloads.clone() };
            format!("master -> {route:?}: {}", packet.describe())
        }
        Action::Complete { call, outcome } => format!("call {call} ends: {outcome:?}"),
        Action::Notify(notice) => format!("{notice:?}"),
        Action::Cut { route } => format!("{route:?} is cut off"),
        Action::Closed => "closed".to_owned(),
    }
}
