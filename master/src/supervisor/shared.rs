//! What the supervisor's thread shares with its owners. They leave messages, and a descriptor wakes it where it sleeps for ends of
//! processes too. It shows the living processes, why new ones do not start, and whether it has ended.

use super::event::StartFailure;
use super::policy::Event;
use crossbeam_channel::{Receiver, Sender, unbounded};
use powerhose_wires::Wakeup;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the thread is woken for.
pub(super) enum Message {
    /// An order of the owner.
    Order(Event),
    /// A process has ended, as a thread that waits for it saw.
    Ended { pid: u32, remains: Remains },
    /// The owner has dropped the supervisor.
    Abandon,
}

/// What is left of a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remains {
    /// A zombie, to be reaped by its parent.
    Zombie,
    /// Nothing: another part of this program has reaped it.
    Nothing,
}

/// Where messages are put. All copies lead to one thread.
#[derive(Clone)]
pub(super) struct Mailbox {
    sender: Sender<Message>,
    wakeup: Arc<Wakeup>,
}

/// Where the thread takes them.
pub(super) struct Messages {
    receiver: Receiver<Message>,
    wakeup: Arc<Wakeup>,
}

/// Both ends.
pub(super) fn mailbox() -> io::Result<(Mailbox, Messages)> {
    let (sender, receiver) = unbounded();
    let wakeup = Arc::new(Wakeup::new()?);
    Ok((Mailbox { sender, wakeup: Arc::clone(&wakeup) }, Messages { receiver, wakeup }))
}

impl Mailbox {
    /// Never blocks. A thread that has ended has nothing left to do.
    pub(super) fn send(&self, message: Message) {
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

/// Written by the thread, read by anybody.
#[derive(Debug, Default)]
pub(super) struct Shared {
    view: Mutex<View>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct View {
    pids: Vec<u32>,
    failing: Option<StartFailure>,
    ended: bool,
}

impl Shared {
    /// Changes the living processes, and tells which there are then. Nobody sees them while it does.
    pub(super) fn change_pids<T>(&self, change: impl FnOnce() -> (Vec<u32>, T)) -> T {
        let mut view = self.view();
        let (pids, changed) = change();
        view.pids = pids;
        changed
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.view().pids.clone()
    }

    pub(super) fn set_failing(&self, failing: Option<StartFailure>) {
        self.view().failing = failing;
    }

    pub(super) fn failing(&self) -> Option<StartFailure> {
        self.view().failing.clone()
    }

    /// The thread does nothing any more.
    pub(super) fn end(&self) {
        self.view().ended = true;
        self.ended.notify_all();
    }

    /// Whether the thread has ended, now or within this time.
    pub(super) fn wait_ended(&self, timeout: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(self.view(), timeout, |view| !view.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// A panic under the lock leaves what was seen before, which is as good.
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
