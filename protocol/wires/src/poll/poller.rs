//! Which of many descriptors can be read or written.

use rustix::event::{Timespec, epoll};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Descriptors that one look tells of. The next look begins with others.
const EVENTS_MAX: usize = 64;
/// Tokens below it are those of a [`Told`].
pub(crate) const TOLD_MAX: u64 = 8;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Reading,
    ReadingAndWriting,
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) token: u64,
    pub(crate) writable: bool,
}

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
    epoll: OwnedFd,
    /// What the last look brought and nobody has taken yet, the next last.
    seen: Vec<Seen>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        Ok(Poller { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, seen: Vec::new() })
    }

    /// Looks whether it can be read, from now on.
    pub(crate) fn add(&self, descriptor: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::add(&self.epoll, descriptor, data, epoll::EventFlags::IN)?)
    }

    pub(crate) fn modify(
        &self,
        descriptor: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> io::Result<()> {
        let flags = match interest {
            Interest::Reading => epoll::EventFlags::IN,
            Interest::ReadingAndWriting => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        };
        Ok(epoll::modify(&self.epoll, descriptor, epoll::EventData::new_u64(token), flags)?)
    }

    pub(crate) fn remove(&self, descriptor: BorrowedFd<'_>) {
        // What was never added need not be removed.
        let _ = epoll::delete(&self.epoll, descriptor);
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
        // Rounded up to the millisecond: to wake before the time would only mean to sleep again.
        let wait = wait.map(|wait| {
            let millis = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
            Timespec::try_from(Duration::from_millis(millis))
                .unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
        });
        let mut events = [MaybeUninit::uninit(); EVENTS_MAX];
        // An interrupted call is a wake-up like any other.
        let Ok((events, _)) = epoll::wait(&self.epoll, &mut events, wait.as_ref()) else { return Told(0) };
        let mut told = 0;
        for event in events.iter().rev() {
            let (token, flags) = (event.data.u64(), event.flags);
            if token < TOLD_MAX {
                told |= 1 << token;
            } else {
                self.seen.push(Seen { token, writable: flags.contains(epoll::EventFlags::OUT) });
            }
        }
        Told(told)
    }
}

impl AsFd for Poller {
    /// Readable when there is something to see.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
