//! Where new connections come from.

use crate::zmtp::net::{self, Family};
use rustix::io::Errno;
use rustix::net::accept_with;
use std::io;
use std::os::fd::OwnedFd;

pub(super) struct Listener {
    pub(super) socket: OwnedFd,
    pub(super) family: Family,
    /// It is not looked at: no file could be opened for those who come.
    pub(super) rests: bool,
}

impl Listener {
    /// The next connection, if one waits.
    ///
    /// # Errors
    /// None can be accepted now, and another try would fail as well.
    pub(super) fn accept(&self) -> io::Result<Option<OwnedFd>> {
        loop {
            match accept_with(&self.socket, net::flags()) {
                Ok(socket) => return Ok(Some(socket)),
                Err(Errno::AGAIN) => return Ok(None),
                Err(error) if is_of_one_peer(error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether accepting failed only for one peer, which has gone already or cannot be reached, or for a signal.
fn is_of_one_peer(error: Errno) -> bool {
    matches!(
        error,
        Errno::CONNABORTED
            | Errno::INTR
            | Errno::PROTO
            | Errno::PERM
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
    )
}
