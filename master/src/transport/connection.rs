//! The file descriptors of connections, as libzmq tells them: numbers that are used again, for whatever comes next.

use rustix::fs::fstat;
use rustix::net::{Shutdown, shutdown};
use std::os::fd::{BorrowedFd, RawFd};

/// The socket behind a descriptor at the time when a message came through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connection {
    descriptor: RawFd,
    /// Sockets have numbers of their own, which tell whether the descriptor still stands for the same one.
    socket: Option<u64>,
}

impl Connection {
    pub(super) fn of(descriptor: RawFd) -> Connection {
        Connection { descriptor, socket: socket_number(descriptor) }
    }

    /// Ends the connection, unless its descriptor stands for something else by now. libzmq notices and closes it.
    pub(super) fn cut(self) {
        if self.socket.is_some() && self.socket == socket_number(self.descriptor) {
            // It may have ended by itself just now.
            let _ = shutdown(borrow(self.descriptor), Shutdown::Both);
        }
    }
}

fn socket_number(descriptor: RawFd) -> Option<u64> {
    fstat(borrow(descriptor)).ok().map(|status| status.st_ino)
}

fn borrow<'a>(descriptor: RawFd) -> BorrowedFd<'a> {
    // SAFETY: the number is only handed to system calls that refuse one that is not open; nothing is read, written or
    // closed through it, and it is never -1, as libzmq received a message there.
    unsafe { BorrowedFd::borrow_raw(descriptor) }
}
