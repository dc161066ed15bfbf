//! What Linux has to sleep on: epoll, timerfd, eventfd. Another system needs another file like this one, and nothing else.

use super::interest::Interest;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Descriptors that one look tells of. The next look begins with others.
const EVENTS_MAX: usize = 64;
const NEVER: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Which of many descriptors can be read or written. It is a descriptor itself: readable when there is something to see.
#[derive(Debug)]
pub(super) struct Selector {
    epoll: OwnedFd,
}

/// What was seen of a descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) token: u64,
    pub(crate) writable: bool,
}

impl Selector {
    pub(crate) fn new() -> io::Result<Selector> {
        Ok(Selector { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)? })
    }

    /// Looks at this descriptor from now on.
    pub(super) fn add(&self, descriptor: BorrowedFd<'_>, token: u64, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, descriptor, epoll::EventData::new_u64(token), flags(interest))?)
    }

    /// Looks for something else at it.
    pub(super) fn modify(
        &self,
        descriptor: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, descriptor, epoll::EventData::new_u64(token), flags(interest))?)
    }

    /// Looks at it no more.
    pub(super) fn remove(&self, descriptor: BorrowedFd<'_>) {
        // What was never added need not be removed.
        let _ = epoll::delete(&self.epoll, descriptor);
    }

    /// Looks, and waits until there is something to see, or for this long. May see nothing. What is seen last is told first.
    pub(super) fn look(&self, wait: Option<Duration>, mut tell: impl FnMut(Seen)) {
        // Rounded up to the millisecond: to wake before the time would only mean to sleep again.
        let wait = wait.map(|wait| {
            let millis = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
            Timespec::try_from(Duration::from_millis(millis))
                .unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
        });
        let mut events = [MaybeUninit::uninit(); EVENTS_MAX];
        // An interrupted call is a wake-up like any other.
        let Ok((events, _)) = epoll::wait(&self.epoll, &mut events, wait.as_ref()) else { return };
        for event in events.iter().rev() {
            let flags = event.flags;
            tell(Seen { token: event.data.u64(), writable: flags.contains(epoll::EventFlags::OUT) });
        }
    }
}

fn flags(interest: Interest) -> epoll::EventFlags {
    match interest {
        Interest::Nothing => epoll::EventFlags::empty(),
        Interest::Reading => epoll::EventFlags::IN,
        Interest::ReadingAndWriting => epoll::EventFlags::IN | epoll::EventFlags::OUT,
    }
}

impl AsFd for Selector {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// A clock that can be polled: readable when its time has come.
#[derive(Debug)]
pub(crate) struct Timer {
    descriptor: OwnedFd,
}

impl Timer {
    pub(crate) fn new() -> io::Result<Timer> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Timer { descriptor: timerfd_create(TimerfdClockId::Monotonic, flags)? })
    }

    /// Its time comes once, after this long.
    pub(crate) fn once(&self, after: Duration) {
        self.set(timespec(after), NEVER);
    }

    /// Its time comes again and again.
    pub(crate) fn every(&self, period: Duration) {
        self.set(timespec(period), timespec(period));
    }

    /// Its time does not come.
    pub(crate) fn stop(&self) {
        self.set(NEVER, NEVER);
    }

    /// Whether its time has come since it was last asked.
    pub(crate) fn has_come(&self) -> bool {
        rustix::io::read(&self.descriptor, &mut [0; 8]).is_ok()
    }

    fn set(&self, first: Timespec, period: Timespec) {
        let when = Itimerspec { it_interval: period, it_value: first };
        // It fails only for times that are none, and for what is no timer.
        let _ = timerfd_settime(&self.descriptor, TimerfdTimerFlags::empty(), &when);
    }
}

/// Not none, which would stop the timer.
fn timespec(duration: Duration) -> Timespec {
    let duration = duration.max(Duration::from_nanos(1));
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// A descriptor that any thread, and any signal handler, can make readable.
#[derive(Debug)]
pub(crate) struct Signal {
    descriptor: OwnedFd,
}

impl Signal {
    pub(crate) fn new() -> io::Result<Signal> {
        Ok(Signal { descriptor: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    /// Makes it readable. One system call; allocates nothing, takes no lock.
    pub(crate) fn give(&self) {
        // It fails only if it was given some 2^64 times, and then it is readable.
        let _ = rustix::io::write(&self.descriptor, &1u64.to_ne_bytes());
    }

    /// Makes it unreadable; tells how often it was given.
    pub(crate) fn take(&self) -> u64 {
        let mut counter = [0; 8];
        rustix::io::read(&self.descriptor, &mut counter).map_or(0, |_| u64::from_ne_bytes(counter))
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
