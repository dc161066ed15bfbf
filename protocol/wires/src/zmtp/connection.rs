//! A socket with a peer at its other end.

use crate::poll::{Interest, Poller};
use crate::zmtp::buffers::Buffers;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::format::{self, Kind};
use crate::zmtp::input::{Came, Input};
use crate::zmtp::net::Family;
use crate::zmtp::output::{Output, Sent};
use crate::{Bounds, Violation};
use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;
use tracing::debug;

/// PINGs that are answered of those that come together. A peer that keeps a connection alive sends one a second or so.
const PONGS_PER_READ: u32 = 8;

#[derive(Debug)]
pub(crate) struct Connection {
    socket: OwnedFd,
    family: Family,
    input: Input,
    output: Output,
    interest: Interest,
    unsent_max: usize,
    /// PINGs that are still answered of those that were read last.
    pongs_left: u32,
    /// What has not been sent of greeting and READY.
    opening: Vec<u8>,
    /// Something has come.
    heard: bool,
    /// Nothing can be sent any more. What the peer said last may still be there to be read.
    broken: bool,
}

/// What a look for bytes brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Some, and there may be more.
    Full,
    /// Some, and no more.
    All,
    Nothing,
    /// The peer has ended the connection.
    End,
}

/// It is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Over {
    #[error("the peer has ended it")]
    Ended,
    #[error(transparent)]
    Broken(#[from] io::Error),
    #[error(transparent)]
    Violated(#[from] Violation),
    #[error("the peer does not read")]
    NotRead,
    #[error("nothing comes from the peer")]
    Silent,
}

impl From<Over> for io::Error {
    fn from(over: Over) -> io::Error {
        let kind = match over {
            Over::Broken(error) => return error,
            Over::Ended => io::ErrorKind::UnexpectedEof,
            Over::Violated(_) => io::ErrorKind::InvalidData,
            Over::NotRead | Over::Silent => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, over.to_string())
    }
}

impl Connection {
    /// Greets the other end, and has the poller look at what comes. Who listens says no more than its version; the rest goes
    /// when the other's greeting and READY have come, or else it would not always come to know whom it refuses.
    pub(crate) fn begin(
        socket: OwnedFd,
        family: Family,
        kind: Kind,
        bounds: Bounds,
        buffers: &Buffers,
        poller: &Poller,
        token: u64,
    ) -> io::Result<Connection> {
        poller.add(socket.as_fd(), token)?;
        family.prepare(socket.as_fd());
        let mut connection = Connection {
            socket,
            family,
            input: Input::new(kind, bounds, buffers.clone()),
            output: Output::default(),
            interest: Interest::Reading,
            unsent_max: bounds.unsent_max,
            pongs_left: 0,
            opening: format::opening(kind),
            heard: false,
            broken: false,
        };
        let first = match kind {
            Kind::Dealer => connection.opening.len(),
            Kind::Router => format::VERSION_BYTES,
        };
        connection.open(poller, token, first);
        Ok(connection)
    }

    /// Sends what is left of the greeting.
    pub(crate) fn greet(&mut self, poller: &Poller, token: u64) {
        self.open(poller, token, format::GREETING_BYTES - format::VERSION_BYTES);
    }

    /// Sends what is left of greeting and READY.
    pub(crate) fn finish_opening(&mut self, poller: &Poller, token: u64) {
        self.open(poller, token, usize::MAX);
    }

    fn open(&mut self, poller: &Poller, token: u64, bytes: usize) {
        if self.opening.is_empty() {
            return;
        }
        let rest = self.opening.split_off(self.opening.len().min(bytes));
        let opening = std::mem::replace(&mut self.opening, rest);
        let sent = self.output.send_bytes(self.socket.as_fd(), &opening);
        // Whether it could be sent shows by the connection being broken.
        let _ = self.has_sent(poller, token, sent);
    }

    /// Whether the peer has said anything.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard
    }

    /// Who is at the other end, as far as the system knows.
    pub(crate) fn peer(&self) -> String {
        self.family.peer(self.socket.as_fd())
    }

    pub(crate) fn is_open(&self) -> bool {
        self.input.is_open()
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(crate) fn has_identity(&self) -> bool {
        self.input.has_identity()
    }

    pub(crate) fn answers_pings(&self) -> bool {
        self.input.answers_pings()
    }

    pub(crate) fn has_unsent(&self) -> bool {
        !self.output.is_empty()
    }

    pub(crate) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads once. `chunk` is used up before.
    pub(crate) fn read(&mut self, chunk: &mut Chunk) -> io::Result<Read> {
        let room = self.input.room(chunk);
        let size = room.capacity() - room.len();
        loop {
            match recv(&self.socket, spare_capacity(room), RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Ok(Read::End),
                Ok((read, _)) => {
                    self.input.has_read(chunk);
                    self.pongs_left = PONGS_PER_READ;
                    self.heard = true;
                    return Ok(if read == size { Read::Full } else { Read::All });
                }
                Err(Errno::AGAIN) => return Ok(Read::Nothing),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What came next of what was read.
    pub(crate) fn next(
        &mut self,
        chunk: &mut Chunk,
        payloads: &mut Vec<Bytes>,
    ) -> Result<Option<Came>, Violation> {
        self.input.next(chunk, payloads)
    }

    /// Sends a message, or keeps what the peer does not take yet.
    pub(crate) fn send(
        &mut self,
        poller: &Poller,
        token: u64,
        header: &[u8],
        payloads: &[Bytes],
        scratch: &mut Vec<u8>,
    ) -> Result<(), Over> {
        if self.broken {
            return Err(Over::Ended);
        }
        if self.output.len() >= self.unsent_max {
            return Err(Over::NotRead);
        }
        let sent = self.output.send(self.socket.as_fd(), header, payloads, scratch);
        self.has_sent(poller, token, sent)
    }

    /// Answers a PING, if it is not one of too many.
    pub(crate) fn answer(&mut self, poller: &Poller, token: u64, pong: &[u8]) {
        if let Some(left) = self.pongs_left.checked_sub(1) {
            self.pongs_left = left;
            self.send_command(poller, token, pong);
        }
    }

    /// Sends a command, unless the peer is behind in reading.
    pub(crate) fn send_command(&mut self, poller: &Poller, token: u64, command: &[u8]) {
        if !self.broken && !self.has_unsent() {
            let sent = self.output.send_bytes(self.socket.as_fd(), command);
            // Whether it could be sent shows by the connection being broken.
            let _ = self.has_sent(poller, token, sent);
        }
    }

    /// Sends what waits, as far as it goes.
    pub(crate) fn flush(&mut self, poller: &Poller, token: u64) {
        let sent = self.output.flush(self.socket.as_fd());
        let _ = self.has_sent(poller, token, sent);
    }

    /// Has the poller tell when more can be sent, if there is more. What failed breaks the connection: part of it may have
    /// been sent.
    fn has_sent(&mut self, poller: &Poller, token: u64, sent: io::Result<Sent>) -> Result<(), Over> {
        let watched = sent.and_then(|sent| self.watch(poller, token, sent));
        if let Err(error) = watched {
            debug!(token, %error, "nothing more can be sent to a peer");
            self.broken = true;
            self.output.clear();
            let _ = self.watch(poller, token, Sent::Whole);
            return Err(error.into());
        }
        Ok(())
    }

    fn watch(&mut self, poller: &Poller, token: u64, sent: Sent) -> io::Result<()> {
        let interest = match sent {
            Sent::Whole => Interest::Reading,
            Sent::Partly => Interest::ReadingAndWriting,
        };
        if interest != self.interest {
            poller.modify(self.socket.as_fd(), token, interest)?;
            self.interest = interest;
        }
        Ok(())
    }

    /// Tells the peer that nothing more is sent, where that must be said before [`leave`](Connection::leave).
    pub(crate) fn say_no_more(&self) {
        self.family.say_no_more(self.socket.as_fd());
    }

    /// Ends it when all that was sent has arrived, or then. That nothing more is sent has been said.
    pub(crate) fn leave(self, poller: &Poller, until: Instant) {
        self.family.arrive(self.socket.as_fd(), until);
        self.end(poller);
    }

    /// Ends it. The peer sees it at once, also if a child that is just being started has a copy of the descriptor.
    pub(crate) fn end(self, poller: &Poller) {
        poller.remove(self.socket.as_fd());
        let _ = shutdown(&self.socket, Shutdown::Both);
    }
}
