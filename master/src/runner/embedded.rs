//! The master's loop: drains callers and network in batches, lets the dispatcher decide, does what it says, and sleeps
//! only when there is nothing left.

use super::error::to_result;
use super::link::{Command, Subscriber, lost_with_master};
use super::slot::Slot;
use crate::dispatcher::{Action, Dispatcher, Event, Notice, Route};
use crate::transport::wakeup::Wakeup;
use crate::transport::{Transport, Unreachable, clock};
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use powerhose_protocol::JobId;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tracing::error;

/// Commands, and then messages, that are taken in before the dispatcher's actions are carried out: enough to share
/// messages, few enough that nobody waits long for the first.
const BATCH: usize = 256;

/// A master's loop, on a thread of its own.
pub(crate) struct EventLoop<T: Transport> {
    transport: T,
    dispatcher: Dispatcher,
    commands: Receiver<Command>,
    wakeup: Arc<Wakeup>,
    callers: HashMap<u64, Arc<Slot>>,
    subscribers: Vec<Subscriber>,
    closing: Vec<Sender<u64>>,
    /// Jobs that had been lost when it began to close.
    lost_before: u64,
    payloads: Vec<Bytes>,
    hints: Vec<Route>,
}

/// Whether a turn found anything to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Worked,
    Idle,
}

impl<T: Transport> EventLoop<T> {
    pub(crate) fn new(
        transport: T,
        dispatcher: Dispatcher,
        commands: Receiver<Command>,
        wakeup: Arc<Wakeup>,
        subscribers: Vec<Subscriber>,
    ) -> EventLoop<T> {
        EventLoop {
            transport,
            dispatcher,
            commands,
            wakeup,
            callers: HashMap::new(),
            subscribers,
            closing: Vec::new(),
            lost_before: 0,
            payloads: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Runs until it is closed. A broken invariant ends every job as lost with the master, and nothing else.
    pub(crate) fn run(mut self) {
        let ran = catch_unwind(AssertUnwindSafe(|| while self.turn().is_continue() {}));
        if ran.is_err() {
            error!(jobs = self.callers.len(), "the master broke; its jobs are lost");
        }
        self.callers.values().for_each(|slot| lost_with_master(slot));
        for command in self.commands.try_iter() {
            if let Command::Close { done, .. } = command {
                self.closing.push(done);
            }
        }
        let lost = self.dispatcher.jobs_lost() - self.lost_before;
        for done in self.closing.drain(..) {
            let _ = done.send(lost);
        }
    }

    fn turn(&mut self) -> ControlFlow<()> {
        let mut turn = self.take_commands();
        turn = worked(turn, self.take_messages());
        turn = worked(turn, self.take_hints());
        self.dispatcher.handle_timeout(clock::now());
        self.act()?;
        if turn == Turn::Idle {
            self.sleep();
        }
        ControlFlow::Continue(())
    }

    fn take_commands(&mut self) -> Turn {
        let mut turn = Turn::Idle;
        for _ in 0..BATCH {
            let Ok(command) = self.commands.try_recv() else { break };
            self.obey(command);
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
                self.callers.remove(&call);
                Event::Abandon { call }
            }
            Command::Supervised { pid } => Event::Supervised { pid },
            Command::Exited { pid, exit } => Event::Exited { pid, exit },
            Command::Close { within, done } => {
                if self.closing.is_empty() {
                    self.lost_before = self.dispatcher.jobs_lost();
                }
                self.closing.push(done);
                Event::Close { within }
            }
            // Whoever asked and no longer listens needs no answer.
            Command::Workers(answer) => return drop(answer.send(self.dispatcher.workers())),
            Command::Stats(answer) => return drop(answer.send(self.dispatcher.stats())),
            Command::Subscribe(subscriber) => return self.subscribers.push(subscriber),
        };
        self.dispatcher.handle(clock::now(), event);
    }

    fn take_messages(&mut self) -> Turn {
        let mut turn = Turn::Idle;
        for _ in 0..BATCH {
            self.payloads.clear();
            let Some((route, header)) = self.transport.receive(&mut self.payloads) else { break };
            let payloads = &mut self.payloads;
            self.dispatcher
                .handle(clock::now(), Event::Received { route, header: header.as_ref(), payloads });
            turn = Turn::Worked;
        }
        turn
    }

    fn take_hints(&mut self) -> Turn {
        self.transport.hints(&mut self.hints);
        let turn = if self.hints.is_empty() { Turn::Idle } else { Turn::Worked };
        for route in self.hints.drain(..) {
            self.dispatcher.handle(clock::now(), Event::Suspected { route });
        }
        turn
    }

    fn act(&mut self) -> ControlFlow<()> {
        while let Some(action) = self.dispatcher.poll_action() {
            match action {
                Action::Send { route, header, payloads } => {
                    if let Err(Unreachable) = self.transport.send(route, &header, &payloads) {
                        self.dispatcher.handle(clock::now(), Event::Unreachable { route });
                    }
                }
                Action::Cut { route } => self.transport.cut(route),
                Action::Complete { call, outcome } => {
                    if let Some(slot) = self.callers.remove(&call) {
                        slot.end(|| to_result(Some(JobId::new(0, call)), outcome));
                    }
                }
                Action::Notify(notice) => self.notify(&notice),
                Action::Closed => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }

    fn notify(&mut self, notice: &Notice) {
        self.subscribers.retain_mut(|subscriber| subscriber(notice).is_continue());
    }

    fn sleep(&mut self) {
        self.wakeup.announce_sleep();
        if self.commands.is_empty() {
            let until = self.dispatcher.poll_timeout().map(|(when, _)| when);
            self.transport.sleep(until);
        } else {
            self.wakeup.awake();
        }
    }
}

fn worked(one: Turn, other: Turn) -> Turn {
    if one == Turn::Worked || other == Turn::Worked { Turn::Worked } else { Turn::Idle }
}

#[cfg(test)]
mod tests;
