//! Notices between the master's thread, which must not wait, and who takes them. Never holds more than a bounded number.

use powerhose::Notice;
use rustix::event::{EventfdFlags, eventfd};
use std::collections::VecDeque;
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// Notices that wait to be taken. Workers come and go a few times in a second; a minute of that has room.
const NOTICES_MAX: usize = 1024;

pub(super) struct Inbox {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    notices: VecDeque<Notice>,
    /// Dropped, and not told yet.
    missed: u64,
    sender: SenderState,
    /// Readable while there is something to take, or nothing to come.
    descriptor: Option<OwnedFd>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum SenderState {
    #[default]
    Lives,
    Gone,
}

/// What is given to the master, which drops it when it ends.
pub(super) struct Sender(Weak<Inbox>);

pub(super) enum Next {
    Notice { notice: Notice, missed: u64 },
    NotYet,
    Nothing,
}

impl Inbox {
    pub(super) fn new() -> (Arc<Inbox>, Sender) {
        let inbox = Arc::new(Inbox { state: Mutex::default(), came: Condvar::new() });
        let sender = Sender(Arc::downgrade(&inbox));
        (inbox, sender)
    }

    /// The next notice, if one comes until then.
    pub(super) fn next(&self, until: Option<Instant>) -> Next {
        let mut state = self.lock();
        loop {
            if let Some(notice) = state.notices.pop_front() {
                state.quieten();
                return Next::Notice { notice, missed: std::mem::take(&mut state.missed) };
            }
            if state.sender == SenderState::Gone {
                return Next::Nothing;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                Some(left) if left.is_zero() => return Next::NotYet,
                Some(left) => self.came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.came.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Made at the first call.
    pub(super) fn descriptor(&self) -> io::Result<c_int> {
        let mut state = self.lock();
        if let Some(descriptor) = &state.descriptor {
            return Ok(descriptor.as_raw_fd());
        }
        let made = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let number = made.as_raw_fd();
        state.descriptor = Some(made);
        if !state.notices.is_empty() || state.sender == SenderState::Gone {
            state.tell();
        }
        Ok(number)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&self) {
        if let Some(descriptor) = &self.descriptor {
            // Ones are added up to far more than there are notices.
            let _ = rustix::io::write(descriptor, &1_u64.to_ne_bytes());
        }
    }

    fn quieten(&self) {
        if self.notices.is_empty()
            && self.sender == SenderState::Lives
            && let Some(descriptor) = &self.descriptor
        {
            // It never blocks: whatever it says, it is not readable afterwards.
            let _ = rustix::io::read(descriptor, &mut [0; 8]);
        }
    }
}

impl Sender {
    pub(super) fn send(&self, notice: &Notice) {
        let Some(inbox) = self.0.upgrade() else { return };
        let mut state = inbox.lock();
        if state.notices.len() == NOTICES_MAX {
            state.notices.pop_front();
            state.missed += 1;
        }
        state.notices.push_back(notice.clone());
        state.tell();
        drop(state);
        inbox.came.notify_one();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let Some(inbox) = self.0.upgrade() else { return };
        let mut state = inbox.lock();
        state.sender = SenderState::Gone;
        state.tell();
        drop(state);
        inbox.came.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn back(worker: u64) -> Notice {
        Notice::WorkerBack { worker }
    }

    #[test]
    fn notices_come_in_order_and_the_end_after_them() {
        let (inbox, sender) = Inbox::new();
        assert!(matches!(inbox.next(Some(Instant::now())), Next::NotYet));
        sender.send(&back(1));
        sender.send(&back(2));
        drop(sender);
        for worker in [1, 2] {
            let Next::Notice { notice, missed: 0 } = inbox.next(None) else { panic!("it was sent") };
            assert_eq!(notice, back(worker));
        }
        assert!(matches!(inbox.next(None), Next::Nothing));
    }

    #[test]
    fn of_too_many_the_oldest_are_dropped_and_counted() {
        let (inbox, sender) = Inbox::new();
        (0..NOTICES_MAX as u64 + 5).for_each(|worker| sender.send(&back(worker)));
        let Next::Notice { notice, missed } = inbox.next(None) else { panic!("they were sent") };
        assert_eq!((notice, missed), (back(5), 5));
        assert!(matches!(inbox.next(None), Next::Notice { missed: 0, .. }));
    }

    #[test]
    fn the_descriptor_is_readable_while_there_is_something_to_take() {
        let (inbox, sender) = Inbox::new();
        sender.send(&back(1));
        let descriptor = inbox.descriptor().expect("there are some left");
        let is_readable = || {
            // SAFETY: the inbox keeps it open.
            let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
            let mut watched = [rustix::event::PollFd::new(&borrowed, rustix::event::PollFlags::IN)];
            let now = rustix::event::Timespec::try_from(Duration::ZERO).expect("it is short");
            rustix::event::poll(&mut watched, Some(&now)).expect("it can be watched") == 1
        };
        assert!(is_readable());
        inbox.next(None);
        assert!(!is_readable());
        sender.send(&back(2));
        assert!(is_readable());
        inbox.next(None);
        drop(sender);
        assert!(is_readable(), "the end is something to take");
    }
}
