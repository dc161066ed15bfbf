//! Whether this process is a fork of the one that started the loop: its copy of the handles has no loop behind it.
//!
//! To ask for the process's id would cost a system call for every job. The system tells of a fork by itself, at no cost.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks lie between this process and the first one that asked.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Names a process among its own forks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    Forks(u32),
    /// Where the system does not tell of forks.
    Id(u32),
}

impl Process {
    /// This one. A process that was made by a bare `clone` is not told apart, and neither is one between `vfork` and
    /// `exec`.
    pub(crate) fn current() -> Process {
        static TOLD: OnceLock<bool> = OnceLock::new();
        match TOLD.get_or_init(be_told) {
            true => Process::Forks(FORKS.load(Ordering::Relaxed)),
            false => Process::Id(std::process::id()),
        }
    }
}

/// Whether the system will tell of forks from now on.
fn be_told() -> bool {
    // SAFETY: `count` may run in a forked process: it does nothing but change an atomic number.
    unsafe { libc::pthread_atfork(None, None, Some(count)) == 0 }
}

extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
