//! Another thread has work for a loop. The descriptor is written only when the loop sleeps: while it is awake, a caller
//! costs the loop no system call at all.

use super::system::Signal;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by a loop and all who have work for it.
#[derive(Debug)]
pub struct Wakeup {
    signal: Signal,
    asleep: AtomicBool,
    /// The descriptor may be readable.
    written: AtomicBool,
}

impl Wakeup {
    /// Of a loop that is awake.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn new() -> io::Result<Wakeup> {
        let (asleep, written) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Wakeup { signal: Signal::new()?, asleep, written })
    }

    /// To be called after work was put where the loop looks for it. A signal handler may do so too.
    pub fn wake(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            self.signal.give();
            // Afterwards: whoever sees it finds something to read. Who comes between wakes once more, for nothing.
            self.written.store(true, Ordering::SeqCst);
        }
    }

    /// Whether the loop has announced that it will sleep.
    pub fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::SeqCst)
    }

    /// The loop announces that it will sleep, and must then look for work once more before it does.
    pub fn announce_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    /// The loop is awake: nobody needs to wake it.
    pub fn awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Makes the descriptor unreadable again, if it was written.
    pub fn drain(&self) {
        if self.written.swap(false, Ordering::SeqCst) {
            self.signal.take();
        }
    }

    /// How often the descriptor was written since it was last asked for; it is unreadable then. For tests that count
    /// wake-ups.
    pub fn writes(&self) -> u64 {
        self.signal.take()
    }
}

impl AsFd for Wakeup {
    /// To be polled for reading.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signal.as_fd()
    }
}
