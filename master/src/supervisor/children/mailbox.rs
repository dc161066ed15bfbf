//! The way to the supervisor's thread: messages, and a descriptor that wakes it where it sleeps for ends of processes too.

use super::super::policy::Event;
use crossbeam_channel::{Receiver, Sender, unbounded};
use powerhose_wires::Wakeup;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// What the thread is woken for.
pub(in super::super) enum Message {
    /// An order of the owner.
    Order(Event),
    /// A process has ended, as a thread of [`Ends`](super::ends::Ends) saw.
    Ended { pid: u32, remains: Remains },
    /// The owner has dropped the supervisor.
    Abandon,
}

/// What is left of a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Remains {
    /// A zombie, to be reaped by its parent.
    Zombie,
    /// Nothing: another part of this program has reaped it.
    Nothing,
}

/// Where messages are put. All copies lead to one thread.
#[derive(Clone)]
pub(in super::super) struct Mailbox {
    sender: Sender<Message>,
    wakeup: Arc<Wakeup>,
}

/// Where the thread takes them.
pub(in super::super) struct Messages {
    receiver: Receiver<Message>,
    wakeup: Arc<Wakeup>,
}

/// Both ends.
pub(in super::super) fn mailbox() -> io::Result<(Mailbox, Messages)> {
    let (sender, receiver) = unbounded();
    let wakeup = Arc::new(Wakeup::new()?);
    Ok((Mailbox { sender, wakeup: Arc::clone(&wakeup) }, Messages { receiver, wakeup }))
}

impl Mailbox {
    /// Never blocks. A thread that has ended has nothing left to do.
    pub(in super::super) fn send(&self, message: Message) {
        if self.sender.send(message).is_ok() {
            self.wakeup.wake();
        }
    }
}

impl AsFd for Mailbox {
    /// Readable when a message came for a thread that sleeps.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wakeup.as_fd()
    }
}

impl Messages {
    /// The next, if there is one.
    pub(super) fn take(&self) -> Option<Message> {
        self.receiver.try_recv().ok()
    }

    /// Sleeps by `sleep`, unless a message is there.
    pub(super) fn sleep<T: Default>(&self, sleep: impl FnOnce() -> T) -> T {
        self.wakeup.announce_sleep();
        let slept = if self.receiver.is_empty() { sleep() } else { T::default() };
        self.wakeup.awake();
        self.wakeup.drain();
        slept
    }
}
