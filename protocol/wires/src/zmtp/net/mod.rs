//! The system's sockets, as both ends need them. Nothing here waits, except [`listen_at`] for the answer to a name.

mod lookup;
mod names;
mod system;
pub(crate) mod tcp;
pub(crate) mod unix;

pub(crate) use lookup::Lookup;
pub(crate) use names::{Resolve, listen_at, literal, resolve};

use rustix::net::SocketFlags;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// Connections that may wait to be accepted; the system's own bound (`net.core.somaxconn`) holds too.
const BACKLOG: i32 = 4096;

/// What a socket goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Unix,
    Tcp,
}

impl Family {
    /// Sets what a connection needs. Without it a connection works too, only not as well, so no failure counts.
    pub(crate) fn prepare(self, socket: BorrowedFd<'_>) {
        match self {
            Family::Unix => unix::prepare(socket),
            Family::Tcp => tcp::prepare(socket),
        }
    }

    /// Who is at the other end, as far as the system knows: for the log.
    pub(crate) fn peer(self, socket: BorrowedFd<'_>) -> String {
        match self {
            Family::Unix => unix::peer(socket),
            Family::Tcp => tcp::peer(socket),
        }
    }

    /// Nothing more is sent.
    pub(crate) fn say_no_more(self, socket: BorrowedFd<'_>) {
        match self {
            // The end of the socket says it.
            Family::Unix => {}
            Family::Tcp => tcp::say_no_more(socket),
        }
    }

    /// Waits until what was sent can no more be lost by the socket being closed, or until then.
    pub(crate) fn arrive(self, socket: BorrowedFd<'_>, until: Instant) {
        match self {
            // It is at the peer as soon as it is sent.
            Family::Unix => {}
            Family::Tcp => tcp::arrive(socket, until),
        }
    }
}

/// What every socket is made with.
pub(crate) fn flags() -> SocketFlags {
    SocketFlags::CLOEXEC | SocketFlags::NONBLOCK
}
