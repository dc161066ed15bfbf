//! Sleeping until one of several descriptors is readable. A sleeper is a descriptor itself, so another can sleep over it,
//! and can be told for a while not to look.

use rustix::event::{Timespec, epoll};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::clock;

/// A sleeper has at most so many.
const DESCRIPTORS_MAX: usize = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Sleeper {
    epoll: OwnedFd,
}

impl Sleeper {
    /// Sleeps over these, for as long as they are open.
    pub(crate) fn over(descriptors: &[BorrowedFd<'_>]) -> io::Result<Sleeper> {
        debug_assert!(descriptors.len() <= DESCRIPTORS_MAX);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (place, descriptor) in descriptors.iter().enumerate() {
            epoll::add(&epoll, descriptor, epoll::EventData::new_u64(place as u64), epoll::EventFlags::IN)?;
        }
        Ok(Sleeper { epoll })
    }

    /// Sleeps until something is readable, or it is `until`. May wake for nothing. Tells which of its descriptors are
    /// readable, as bits in the order in which they were given.
    pub(crate) fn sleep(&self, until: Option<Instant>) -> u64 {
        let timeout = until.map(|until| {
            let left = until.saturating_duration_since(clock::now());
            // Rounded up to the millisecond: to wake before the time would only mean to sleep again.
            let left =
                Duration::from_millis(u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX));
            Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
        });
        let mut events = [MaybeUninit::uninit(); DESCRIPTORS_MAX];
        match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((events, _)) => events.iter().fold(0, |bits, event| bits | 1 << event.data.u64()),
            // An interrupted call is a wake-up like any other.
            Err(_) => 0,
        }
    }

    /// Whether it looks at the first of its descriptors until it is told otherwise.
    pub(crate) fn look(&self, at_first: BorrowedFd<'_>, look: Look) {
        let flags = match look {
            Look::Yes => epoll::EventFlags::IN,
            Look::No => epoll::EventFlags::empty(),
        };
        // The descriptor was added when the sleeper was made: only an unresponsive kernel refuses.
        let _ = epoll::modify(&self.epoll, at_first, epoll::EventData::new_u64(0), flags);
    }
}

/// Whether to look at a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Yes,
    No,
}

impl AsFd for Sleeper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
