//! Which of many descriptors can be read or written, remembered until somebody takes it.

use super::interest::Interest;
use super::system::{Seen, Selector};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Tokens below it are those of a [`Told`].
pub(crate) const TOLD_MAX: u64 = 8;

/// What ended a sleep, among the descriptors of others that a socket was told to look at too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told(u64);

impl Told {
    /// Whether the descriptor that was given under this number was readable.
    pub fn of(self, number: u8) -> bool {
        self.0 & 1 << number != 0
    }
}

pub(crate) struct Poller {
    selector: Selector,
    /// What the last look brought and nobody has taken yet, the next last.
    seen: Vec<Seen>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        Ok(Poller { selector: Selector::new()?, seen: Vec::new() })
    }

    /// Looks whether it can be read, from now on.
    pub(crate) fn add(&self, descriptor: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        self.selector.add(descriptor, token, Interest::Reading)
    }

    pub(crate) fn modify(
        &self,
        descriptor: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> io::Result<()> {
        self.selector.modify(descriptor, token, interest)
    }

    pub(crate) fn remove(&self, descriptor: BorrowedFd<'_>) {
        self.selector.remove(descriptor);
    }

    /// Whether something was seen that nobody has taken.
    pub(crate) fn has_seen(&self) -> bool {
        !self.seen.is_empty()
    }

    /// Takes what was seen next.
    pub(crate) fn take(&mut self) -> Option<Seen> {
        self.seen.pop()
    }

    /// Looks, and waits until there is something to see, or for this long. May see nothing. What it saw before has been
    /// taken.
    pub(crate) fn look(&mut self, wait: Option<Duration>) -> Told {
        debug_assert!(!self.has_seen());
        let mut told = 0;
        let seen = &mut self.seen;
        self.selector.look(wait, |one| {
            if one.token < TOLD_MAX {
                told |= 1 << one.token;
            } else {
                seen.push(one);
            }
        });
        Told(told)
    }
}

impl AsFd for Poller {
    /// Readable when there is something to see.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.selector.as_fd()
    }
}
