//! The master's loop: drains callers and network in batches, lets the desk decide, does what it says, and sleeps
//! only when there is nothing left.

mod told;

use super::farewell;
use super::link::{Command, Subscriber, lost_with_master};
use super::slot::Slot;
use super::turning::{Fate, Turn, Turning};
use crate::calls::Calls;
use crate::desk::{Action, Desk, Event, Route};
use crate::runner::face::reply::to_result;
use crate::wires::clock;
use crate::wires::router::Router;
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use powerhose_protocol::JobId;
use powerhose_wires::{Gone, Wakeup};
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use told::Told;
use tracing::error;

/// Commands, and then messages, that are taken in before the desk's actions are carried out: enough to share
/// messages, few enough that nobody waits long for the first.
const BATCH: usize = 256;
/// How many such batches are taken in before a peer counts as gone: a bound, should others never stop sending.
const LAST_BATCHES: usize = 64;

/// A master's loop.
pub(crate) struct EventLoop {
    router: Router,
    desk: Desk,
    commands: Receiver<Command>,
    wakeup: Arc<Wakeup>,
    callers: Calls<Arc<Slot>>,
    /// Something was readable while nobody turned; nothing has explained it yet.
    woken: bool,
    /// Commands and messages so far.
    come: u64,
    told: Told,
    closing: Vec<Sender<u64>>,
    /// Jobs that had ended without a reply before it was told to close.
    unanswered_before: u64,
    payloads: Vec<Bytes>,
    ended: Vec<Route>,
    hints: Vec<Route>,
    /// Where a message could not be handed over.
    unreachable: Vec<Route>,
}

impl EventLoop {
    pub(crate) fn new(
        router: Router,
        desk: Desk,
        commands: Receiver<Command>,
        wakeup: Arc<Wakeup>,
        subscribers: Vec<Subscriber>,
    ) -> EventLoop {
        EventLoop {
            router,
            desk,
            commands,
            wakeup,
            callers: Calls::default(),
            woken: false,
            come: 0,
            told: Told { subscribers, ..Told::default() },
            closing: Vec::new(),
            unanswered_before: 0,
            payloads: Vec::new(),
            ended: Vec::new(),
            hints: Vec::new(),
            unreachable: Vec::new(),
        }
    }

    fn take_commands(&mut self) -> Turn {
        let mut turn = Turn::Idle;
        for _ in 0..BATCH {
            let Ok(command) = self.commands.try_recv() else { break };
            self.obey(command);
            self.come += 1;
            turn = Turn::Worked;
        }
        turn
    }

    fn obey(&mut self, command: Command) {
        let event = match command {
            Command::Submit { call, submission, slot, .. } => {
                self.callers.insert(call, slot.take());
                Event::Submit { call, submission }
            }
            Command::Abandon { call } => {
                self.callers.remove(call);
                Event::Abandon { call }
            }
            Command::Supervised { pid } => Event::Supervised { pid },
            Command::Exited { pid, exit } => {
                self.take_last_messages();
                Event::Exited { pid, exit }
            }
            Command::Close { within, since, done } => {
                if self.closing.is_empty() {
                    self.unanswered_before = self.desk.unanswered_before(since);
                }
                self.closing.push(done);
                Event::Close { within }
            }
            Command::Ask(question) => return self.told.questions.push(question),
            Command::Subscribe(subscriber) => return self.told.subscribers.push(subscriber),
        };
        self.desk.handle(clock::now(), event);
    }

    fn take_messages(&mut self) -> Turn {
        let mut turn = Turn::Idle;
        for _ in 0..BATCH {
            self.payloads.clear();
            let Some((route, header)) = self.router.receive(&mut self.payloads) else { break };
            let payloads = &mut self.payloads;
            self.desk.handle(clock::now(), Event::Received { route, header: header.as_ref(), payloads });
            self.come += 1;
            turn = Turn::Worked;
        }
        turn
    }

    /// Before a peer counts as gone: what it said last, its reply or its goodbye, may be there unread.
    fn take_last_messages(&mut self) {
        for _ in 0..LAST_BATCHES {
            let turn = self.take_messages();
            self.take_ends();
            if turn == Turn::Idle && !self.router.has_message() {
                break;
            }
        }
    }

    /// What came over these connections has been taken in: no further look is needed, neither before nor after.
    fn take_ends(&mut self) {
        let mut ended = std::mem::take(&mut self.ended);
        self.router.ended(&mut ended);
        for route in ended.drain(..) {
            self.desk.handle(clock::now(), Event::Ended { route });
        }
        self.ended = ended;
    }

    fn take_hints(&mut self) -> Turn {
        let mut hints = std::mem::take(&mut self.hints);
        self.router.hints(&mut hints);
        self.desk.has_refused(self.router.refused());
        let turn = if hints.is_empty() { Turn::Idle } else { Turn::Worked };
        if turn == Turn::Worked {
            self.take_last_messages();
        }
        for route in hints.drain(..) {
            self.desk.handle(clock::now(), Event::Suspected { route });
        }
        self.hints = hints;
        turn
    }

    /// Workers get their next jobs before the callers of those that have ended are woken.
    fn act(&mut self) -> ControlFlow<()> {
        let done = self.carry_out_all();
        self.told.tell(&self.desk);
        done
    }

    fn carry_out_all(&mut self) -> ControlFlow<()> {
        loop {
            self.carry_out()?;
            if self.unreachable.is_empty() {
                return ControlFlow::Continue(());
            }
            self.take_last_messages();
            for route in std::mem::take(&mut self.unreachable) {
                self.desk.handle(clock::now(), Event::Ended { route });
            }
        }
    }

    fn carry_out(&mut self) -> ControlFlow<()> {
        while let Some(action) = self.desk.poll_action() {
            match action {
                Action::Send { route, header, payloads } => {
                    match self.router.send(route, &header, &payloads) {
                        Ok(()) => self.desk.has_sent(&header, &payloads),
                        Err(Gone) => self.unreachable.push(route),
                    }
                }
                Action::Cut { route } => self.router.cut(route),
                Action::Complete { call, outcome } => {
                    if let Some(slot) = self.callers.remove(call) {
                        slot.end_among(&mut self.told.wakes, || {
                            to_result(Some(JobId::new(0, call)), outcome)
                        });
                    }
                }
                Action::Notify(notice) => self.told.notices.push(notice),
                Action::Closed => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }
}

impl Turning for EventLoop {
    fn begin(&mut self) -> Turn {
        let taken = self.take_in();
        self.told.tell(&self.desk);
        taken
    }

    fn take_in(&mut self) -> Turn {
        match (self.take_commands(), self.carry_out_all()) {
            (_, ControlFlow::Break(())) => Turn::Ended,
            (taken, ControlFlow::Continue(())) => taken,
        }
    }

    fn turn(&mut self) -> Turn {
        let mut turn = self.take_commands();
        turn = turn.or(self.take_messages());
        if std::mem::take(&mut self.woken) && turn == Turn::Idle {
            self.router.slept_elsewhere();
        }
        self.take_ends();
        turn = turn.or(self.take_hints());
        let now = clock::now();
        self.desk.handle_timeout(now);
        self.router.look_after_paths(now);
        match self.act() {
            ControlFlow::Continue(()) => turn,
            ControlFlow::Break(()) => Turn::Ended,
        }
    }

    fn come(&self) -> u64 {
        self.come
    }

    fn in_flight(&self) -> usize {
        self.callers.len()
    }

    fn looks_away_for(&self) -> Duration {
        self.desk.stock_lasts()
    }

    fn sleep(&mut self, until: Option<Instant>) {
        self.wakeup.announce_sleep();
        if self.has_work() {
            self.wakeup.awake();
        } else {
            self.router.sleep([until, self.next_time()].into_iter().flatten().min());
        }
    }

    fn next_time(&self) -> Option<Instant> {
        let of_desk = self.desk.poll_timeout().map(|(when, _)| when);
        [of_desk, self.router.next_look()].into_iter().flatten().min()
    }

    fn has_work(&self) -> bool {
        self.told.has_any() || !self.commands.is_empty() || self.router.has_message()
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.router.descriptor()
    }

    fn slept_elsewhere(&mut self) {
        self.woken = true;
    }

    /// A broken invariant ends every job as lost with the master, and nothing else.
    fn end(mut self, fate: Fate) {
        if fate == Fate::Broken {
            error!(jobs = self.callers.len(), "the master broke; its jobs are lost");
        }
        self.callers.values().for_each(|slot| lost_with_master(slot));
        for command in self.commands.try_iter() {
            if let Command::Close { done, .. } = command {
                self.closing.push(done);
            }
        }
        if fate == Fate::Closed {
            farewell::wait(&mut self.router, self.desk.client_routes());
        }
        let lost = self.desk.unanswered() - self.unanswered_before;
        for done in self.closing.drain(..) {
            let _ = done.send(lost);
        }
    }
}

#[cfg(test)]
mod tests;
