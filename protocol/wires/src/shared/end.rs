//! What one process has of the memory of a connection: a ring to write, a ring to read, and the socket that wakes the other.

use super::map::{CONNECTORS, LISTENERS, Map};
use super::ring::{Consumer, Producer, Torn, Wake};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::cell::Cell;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Wake-ups that are taken at once. More than one come only from a peer that wakes for nothing.
const BYTES_AT_ONCE: usize = 64;

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Listens,
    Connects,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct End {
    output: Producer<Arc<Map>>,
    input: Consumer<Arc<Map>>,
    /// The other side has been told that this one sleeps.
    sleeps: Cell<bool>,
    socket: Socket,
}

/// What is known of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    /// Nothing is known to be there.
    Quiet,
    /// A wake-up has come, or the end.
    Readable,
    /// The peer has gone. What it wrote may still be unread.
    Ended,
}

impl End {
    /// Of memory that nobody has used.
    pub(crate) fn new(map: Map, side: Side) -> End {
        let map = Arc::new(map);
        let (output, input) = match side {
            Side::Listens => (LISTENERS, CONNECTORS),
            Side::Connects => (CONNECTORS, LISTENERS),
        };
        End {
            output: Producer::new(map.clone(), output),
            input: Consumer::new(map, input),
            sleeps: Cell::new(false),
            socket: Socket::Quiet,
        }
    }

    /// Writes as much as there is room for, and wakes the other side if it sleeps. How many bytes were written; none if there is
    /// no room: then a wake-up comes when there is.
    ///
    /// # Errors
    /// The other side is torn.
    pub(crate) fn write(&mut self, socket: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> Result<usize, Torn> {
        loop {
            let written = self.output.write(pieces)?;
            if written > 0 {
                wake(socket, self.output.wake());
                return Ok(written);
            }
            if self.output.wait_for_room()? {
                return Ok(0);
            }
        }
    }

    /// Puts at most so many bytes behind what is in `room`. None if nothing is there.
    ///
    /// # Errors
    /// The other side is torn.
    pub(crate) fn read(
        &mut self,
        socket: BorrowedFd<'_>,
        room: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<usize, Torn> {
        let read = self.input.read(room, bytes_max)?;
        if read > 0 {
            wake(socket, self.input.wake());
        }
        Ok(read)
    }

    /// Whether what waits to be written is to be tried again.
    pub(crate) fn may_write(&self) -> bool {
        self.output.may_write()
    }

    /// Whether there is something to read, or the end.
    pub(crate) fn has_more(&self) -> bool {
        self.input.has_more() || self.socket == Socket::Ended
    }

    /// From now on the socket tells when something comes. Whether something is there already, or the end.
    pub(crate) fn will_sleep(&self) -> bool {
        self.sleeps.set(true);
        self.input.will_sleep() || self.socket == Socket::Ended
    }

    /// The other side need not wake this one.
    pub(crate) fn awake(&mut self) {
        if self.sleeps.take() && self.input.awake() {
            self.is_readable();
        }
    }

    /// The socket has something to tell.
    pub(crate) fn is_readable(&mut self) {
        if self.socket == Socket::Quiet {
            self.socket = Socket::Readable;
        }
    }

    /// Whether it is known that the socket has something to tell.
    pub(crate) fn was_told(&self) -> bool {
        self.socket == Socket::Readable
    }

    /// Takes the wake-ups out of the socket. Whether the peer has gone.
    pub(crate) fn take_wakeups(&mut self, socket: BorrowedFd<'_>) -> bool {
        let mut bytes = [0; BYTES_AT_ONCE];
        while self.socket != Socket::Ended {
            match recv(socket, &mut bytes, RecvFlags::DONTWAIT) {
                Ok((1.., _)) | Err(Errno::AGAIN) => {
                    self.socket = Socket::Quiet;
                    return false;
                }
                Err(Errno::INTR) => {}
                // It says so if the peer has left wake-ups of this side unread, too.
                Ok((0, _)) | Err(_) => self.socket = Socket::Ended,
            }
        }
        true
    }
}

/// Wakes the other side by a byte.
fn wake(socket: BorrowedFd<'_>, wake: Wake) {
    if wake == Wake::Needed {
        // Where there is no room for a byte, bytes wait that wake it. Where nobody is any more, the end tells.
        let _ = send(socket, &[0], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }
}
