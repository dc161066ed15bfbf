//! Another thread has work for the loop. The eventfd is written only when the loop sleeps: while it is awake, a caller
//! costs the loop no system call at all.

use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by the loop and all who have work for it.
pub(crate) struct Wakeup {
    descriptor: OwnedFd,
    asleep: AtomicBool,
    /// The descriptor may be readable.
    written: AtomicBool,
}

impl Wakeup {
    pub(crate) fn new() -> io::Result<Wakeup> {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Wakeup { descriptor, asleep: AtomicBool::new(false), written: AtomicBool::new(false) })
    }

    /// To be called after work was put where the loop looks for it.
    pub(crate) fn wake(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            // The counter cannot overflow: the loop must go to sleep between any two writes.
            let _ = rustix::io::write(&self.descriptor, &1u64.to_ne_bytes());
            // Afterwards: whoever sees it finds something to read. Who comes between wakes once more, for nothing.
            self.written.store(true, Ordering::SeqCst);
        }
    }

    /// The loop announces that it will sleep, and must then look for work once more before it does.
    pub(crate) fn announce_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// The loop is awake: nobody needs to wake it.
    pub(crate) fn awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Makes the descriptor unreadable again, if it was written.
    pub(crate) fn drain(&self) {
        if self.written.swap(false, Ordering::SeqCst) {
            let mut counter = [0; 8];
            let _ = rustix::io::read(&self.descriptor, &mut counter);
        }
    }

    /// How often the descriptor was written since it was last asked for. Makes it unreadable again.
    #[cfg(test)]
    pub(crate) fn writes(&self) -> u64 {
        let mut counter = [0; 8];
        match rustix::io::read(&self.descriptor, &mut counter) {
            Ok(_) => u64::from_ne_bytes(counter),
            Err(_) => 0,
        }
    }
}

impl AsFd for Wakeup {
    /// To be polled for reading.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
