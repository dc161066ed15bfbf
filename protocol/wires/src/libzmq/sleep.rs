//! What a socket of either end sleeps on: its messages, and hints of what happened to its connections.

use super::descriptor;
use crate::Bounds;
use crate::poll::{Poller, TOLD_MAX, Told};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// How long what was sent last may take to leave when the socket is dropped.
const LINGER: Duration = Duration::from_millis(500);
/// Looks for hints that are left out while nobody sleeps. Each is a system call.
const LOOKS_WITHOUT_HINTS: u32 = 15;

const MESSAGES: u64 = TOLD_MAX;
const HINTS: u64 = TOLD_MAX + 1;

pub(super) struct Sleep {
    poller: Poller,
    /// In how many looks who hints is asked, unless its descriptor tells of something.
    hints_in: u32,
}

impl Sleep {
    /// On a socket, and on those that hint.
    pub(super) fn on<'a>(
        socket: &zmq::Socket,
        hinting: impl IntoIterator<Item = &'a zmq::Socket>,
    ) -> io::Result<Sleep> {
        let poller = Poller::new()?;
        poller.add(descriptor(socket)?, MESSAGES)?;
        for hints in hinting {
            poller.add(descriptor(hints)?, HINTS)?;
        }
        Ok(Sleep { poller, hints_in: 0 })
    }

    pub(super) fn watch(&self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        self.poller.add(descriptor, number.into())
    }

    pub(super) fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        let told = self.poller.look(at_most);
        while let Some(seen) = self.poller.take() {
            if seen.token == HINTS {
                self.hints_in = 0;
            }
        }
        told
    }

    pub(super) fn slept_elsewhere(&mut self) {
        self.hints_in = 0;
    }

    /// Whether who hints is to be asked in this look.
    pub(super) fn asks_for_hints(&mut self) -> bool {
        if self.hints_in > 0 {
            self.hints_in -= 1;
            return false;
        }
        self.hints_in = LOOKS_WITHOUT_HINTS;
        true
    }
}

impl AsFd for Sleep {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}

/// What the sockets of both ends are told before they connect or listen.
pub(super) fn configure(socket: &zmq::Socket, bounds: Bounds) -> zmq::Result<()> {
    socket.set_linger(LINGER.as_millis() as i32)?;
    socket.set_ipv6(true)?;
    socket.set_maxmsgsize(i64::try_from(bounds.frame_bytes_max).unwrap_or(i64::MAX))
}
