//! The client's loop: drains callers and the connection, lets the machine decide, does what it says, sleeps.

use crate::calls::Calls;
use crate::client::{ClientAction, ClientMachine, Refusal};
use crate::common::{Ending, Stats, WorkerInfo};
use crate::runner::engine::link::{Command, Question, lost_with_master};
use crate::runner::engine::slot::{Slot, Wakes};
use crate::runner::engine::turning::{Fate, Turn, Turning};
use crate::runner::face::reply::to_result;
use crate::wires::clock;
use crate::wires::dealer::Dealer;
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use powerhose_wires::Wakeup;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::error;

const BATCH: usize = 256;

/// The master's first answer.
pub(crate) enum Greeted {
    Welcomed,
    Refused { code: String, text: String },
}

/// A client's loop.
pub(crate) struct ClientLoop {
    dealer: Dealer,
    machine: ClientMachine,
    commands: Receiver<Command>,
    wakeup: Arc<Wakeup>,
    greeted: Sender<Greeted>,
    callers: Calls<Arc<Slot>>,
    wakes: Wakes,
    askers: Vec<Sender<Vec<WorkerInfo>>>,
    stats_askers: Vec<Sender<Stats>>,
    closing: Vec<Sender<u64>>,
    lost: u64,
    /// Commands and messages so far.
    come: u64,
    payloads: Vec<Bytes>,
}

impl ClientLoop {
    pub(crate) fn new(
        dealer: Dealer,
        machine: ClientMachine,
        commands: Receiver<Command>,
        wakeup: Arc<Wakeup>,
        greeted: Sender<Greeted>,
    ) -> ClientLoop {
        ClientLoop {
            dealer,
            machine,
            commands,
            wakeup,
            greeted,
            callers: Calls::default(),
            wakes: Wakes::default(),
            askers: Vec::new(),
            stats_askers: Vec::new(),
            closing: Vec::new(),
            lost: 0,
            come: 0,
            payloads: Vec::new(),
        }
    }

    fn take_commands(&mut self) -> usize {
        let mut taken = 0;
        while taken < BATCH
            && let Ok(command) = self.commands.try_recv()
        {
            self.obey(command);
            taken += 1;
        }
        self.come += taken as u64;
        taken
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Submit { call, submission, deadline, slot } => {
                self.callers.insert(call, slot.take());
                self.machine.submit(clock::now(), call, submission, deadline);
            }
            Command::Abandon { call } => {
                self.callers.remove(call);
                self.machine.abandon(call);
            }
            Command::Ask(Question::Workers(answer)) => {
                self.askers.push(answer);
                self.machine.ask_workers();
            }
            Command::Ask(Question::Stats(answer)) => {
                self.stats_askers.push(answer);
                self.machine.ask_stats();
            }
            Command::Close { within, done, .. } => {
                self.closing.push(done);
                self.machine.close(clock::now(), within);
            }
            // A client has no workers of its own, and its master tells it nothing of others.
            Command::Subscribe(_) | Command::Supervised { .. } | Command::Exited { .. } => {}
        }
    }

    fn take_messages(&mut self) -> usize {
        let mut taken = 0;
        while taken < BATCH {
            self.payloads.clear();
            let Some(header) = self.dealer.receive(&mut self.payloads) else { break };
            self.machine.receive(clock::now(), header.as_ref(), &mut self.payloads);
            taken += 1;
        }
        self.come += taken as u64;
        taken
    }

    /// The connection ended. What came over it before counts.
    fn disconnected(&mut self) {
        while self.take_messages() > 0 {}
        self.machine.disconnected(clock::now());
    }

    fn act(&mut self) -> ControlFlow<()> {
        let done = self.carry_out();
        self.wakes.fire();
        done
    }

    fn carry_out(&mut self) -> ControlFlow<()> {
        while let Some(action) = self.machine.poll_action() {
            match action {
                ClientAction::Send { header, payloads } => {
                    if self.dealer.send(&header, &payloads).is_err() {
                        self.disconnected();
                    }
                }
                ClientAction::Named { call, job } => {
                    if let Some(slot) = self.callers.get(call) {
                        slot.set_id(job);
                    }
                }
                ClientAction::Complete { call, job, outcome } => {
                    if let Some(slot) = self.callers.remove(call) {
                        let lost = !self.closing.is_empty() && matches!(outcome.ending, Ending::Lost(_));
                        self.lost += u64::from(lost);
                        slot.end_among(&mut self.wakes, || to_result(job, outcome));
                    }
                }
                ClientAction::Welcomed => drop(self.greeted.try_send(Greeted::Welcomed)),
                ClientAction::Refused(Refusal { code, text }) => {
                    let _ = self.greeted.try_send(Greeted::Refused { code, text });
                }
                ClientAction::Workers(Some(workers)) => {
                    self.askers.drain(..).for_each(|asker| drop(asker.send(workers.clone())));
                }
                ClientAction::Stats(Some(stats)) => {
                    self.stats_askers.drain(..).for_each(|asker| drop(asker.send((*stats).clone())));
                }
                // Only operators ask and order so.
                ClientAction::Told { .. } | ClientAction::Ordered { .. } => {}
                // Whoever asked is told so by the end of his channel.
                ClientAction::Workers(None) => self.askers.clear(),
                ClientAction::Stats(None) => self.stats_askers.clear(),
                ClientAction::Closed => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }
}

impl Turning for ClientLoop {
    fn begin(&mut self) -> Turn {
        let taken = self.take_in();
        self.wakes.fire();
        taken
    }

    fn take_in(&mut self) -> Turn {
        let taken = self.take_commands();
        match self.carry_out() {
            ControlFlow::Break(()) => Turn::Ended,
            ControlFlow::Continue(()) if taken > 0 => Turn::Worked,
            ControlFlow::Continue(()) => Turn::Idle,
        }
    }

    fn turn(&mut self) -> Turn {
        // Asked first: outcomes that a master sends just before it ends are read before its connection counts as ended.
        let has_disconnected = self.dealer.has_disconnected();
        let worked = self.take_commands() + self.take_messages();
        if has_disconnected {
            self.disconnected();
        }
        self.machine.handle_timeout(clock::now());
        match self.act() {
            ControlFlow::Break(()) => Turn::Ended,
            ControlFlow::Continue(()) if worked > 0 => Turn::Worked,
            ControlFlow::Continue(()) => Turn::Idle,
        }
    }

    fn come(&self) -> u64 {
        self.come
    }

    fn in_flight(&self) -> usize {
        self.callers.len()
    }

    /// Its master knows what the workers have to do, and lets outcomes gather.
    fn looks_away_for(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&mut self, until: Option<Instant>) {
        self.wakeup.announce_sleep();
        if self.has_work() {
            self.wakeup.awake();
        } else {
            self.dealer.sleep([until, self.next_time()].into_iter().flatten().min());
        }
    }

    fn next_time(&self) -> Option<Instant> {
        self.machine.poll_timeout()
    }

    fn has_work(&self) -> bool {
        !self.wakes.is_empty() || !self.commands.is_empty() || self.dealer.has_message()
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.dealer.descriptor()
    }

    fn slept_elsewhere(&mut self) {
        self.dealer.slept_elsewhere();
    }

    fn end(mut self, fate: Fate) {
        if fate == Fate::Broken {
            error!(jobs = self.callers.len(), "the client broke; its jobs are lost");
        }
        self.callers.values().for_each(|slot| lost_with_master(slot));
        for command in self.commands.try_iter() {
            if let Command::Close { done, .. } = command {
                self.closing.push(done);
            }
        }
        for done in self.closing.drain(..) {
            let _ = done.send(self.lost);
        }
    }
}

#[cfg(test)]
mod tests;
