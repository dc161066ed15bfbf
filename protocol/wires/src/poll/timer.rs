//! A clock that can be polled.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

const NEVER: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Readable when its time has come.
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
