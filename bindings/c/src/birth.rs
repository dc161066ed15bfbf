//! Which process made a handle. A fork copies the handles, but not the threads behind them, and what they hold (sockets,
//! worker processes, descriptors) belongs to the parent.
//!
//! To ask for the process's id would cost a system call. The system tells of a fork by itself, at no cost.

use crate::problem::Problem;
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks lie between this process and the first that made a handle.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// What one process made, and no other may touch. Dropped elsewhere, it is leaked.
pub(crate) struct Native<T> {
    thing: mem::ManuallyDrop<T>,
    forks: u32,
}

impl<T> Native<T> {
    /// Belongs to this process.
    pub(crate) fn new(thing: T) -> Native<T> {
        Native { thing: mem::ManuallyDrop::new(thing), forks: forks() }
    }

    /// It, in the process that made it.
    pub(crate) fn here(&self) -> Result<&T, Problem> {
        if self.forks == forks() { Ok(&self.thing) } else { Err(Problem::forked()) }
    }

    /// It, also in a forked process: for reading what is in memory.
    pub(crate) fn anywhere(&self) -> &T {
        &self.thing
    }

    /// Lets go of it, in the process that made it. Elsewhere it is leaked.
    pub(crate) fn take(self) -> Result<T, Problem> {
        self.here()?;
        let mut taken = mem::ManuallyDrop::new(self);
        // SAFETY: the `Native` around it is never used or dropped after this.
        Ok(unsafe { mem::ManuallyDrop::take(&mut taken.thing) })
    }
}

impl<T> Drop for Native<T> {
    fn drop(&mut self) {
        if self.forks == forks() {
            // SAFETY: nothing uses it after this.
            unsafe { mem::ManuallyDrop::drop(&mut self.thing) }
        }
    }
}

fn forks() -> u32 {
    static TOLD: OnceLock<()> = OnceLock::new();
    TOLD.get_or_init(|| {
        // SAFETY: `count` may run in a forked process: it does nothing but change an atomic number. Where there is no memory
        // to remember it, forks go unnoticed.
        unsafe { libc::pthread_atfork(None, None, Some(count)) };
    });
    FORKS.load(Ordering::Relaxed)
}

extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
