//! What a process inherits of its parent's signals, put right before anything else happens.

use std::ptr::null_mut;

/// Some parents (a thread of an interpreter, a supervisor) start programs while they block signals, or ignore the ends of their
/// children, and forget that both are inherited. Then SIGTERM would never arrive, and how a child ended could not be known.
pub(crate) fn put_right() {
    // SAFETY: system calls on a set of our own; no other thread is there yet, and nothing of ours runs at a signal.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &none, null_mut());
    }
}
