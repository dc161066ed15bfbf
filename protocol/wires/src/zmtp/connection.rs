//! A socket with a peer at its other end, or memory that both share beside it.

use crate::poll::{Interest, Poller};
use crate::zmtp::buffers::Buffers;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::format::{self, Kind};
use crate::zmtp::input::{Came, Input};
use crate::zmtp::net::Family;
use crate::zmtp::output::{Output, Sent};
use crate::zmtp::over::Over;
use crate::zmtp::way::Way;
use crate::{Bounds, Sharing, Violation};
use bytes::Bytes;
use rustix::net::{Shutdown, shutdown};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;
use tracing::debug;

/// PINGs that are answered of those that come together. A peer that keeps a connection alive sends one a second or so.
pub(super) const PONGS_PER_READ: u32 = 8;

/// What a socket makes its connections of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) kind: Kind,
    pub(crate) bounds: Bounds,
    pub(crate) buffers: &'a Buffers,
    pub(crate) sharing: Sharing,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) socket: OwnedFd,
    family: Family,
    pub(super) kind: Kind,
    pub(super) sharing: Sharing,
    pub(super) way: Way,
    /// A descriptor that came with the handshake.
    pub(super) memory: Option<OwnedFd>,
    pub(super) input: Input,
    output: Output,
    interest: Interest,
    unsent_max: usize,
    /// PINGs that are still answered of those that were read last.
    pub(super) pongs_left: u32,
    /// What has not been sent of greeting and READY.
    pub(super) opening: Vec<u8>,
    /// Something has come.
    pub(super) heard: bool,
    /// Nothing can be sent any more. What the peer said last may still be there to be read.
    pub(super) broken: bool,
}

impl Connection {
    /// Greets the other end, and has the poller look at what comes. Who listens says no more than its version; the rest goes
    /// when the other's greeting and READY have come, or else it would not always come to know whom it refuses.
    pub(crate) fn begin(
        socket: OwnedFd,
        family: Family,
        terms: Terms<'_>,
        poller: &Poller,
        token: u64,
    ) -> io::Result<Connection> {
        poller.add(socket.as_fd(), token)?;
        family.prepare(socket.as_fd());
        let Terms { kind, bounds, buffers, sharing } = terms;
        let sharing = if family == Family::Unix { sharing } else { Sharing::Off };
        // Who listens offers memory only to who has offered it.
        let offered = if kind == Kind::Dealer { sharing } else { Sharing::Off };
        let mut connection = Connection {
            socket,
            family,
            kind,
            sharing,
            way: Way::Socket,
            memory: None,
            input: Input::new(kind, bounds, buffers.clone()),
            output: Output::default(),
            interest: Interest::Reading,
            unsent_max: bounds.unsent_max,
            pongs_left: 0,
            opening: format::opening(kind, offered),
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
        let sent = self.output.send_bytes(self.way.over(self.socket.as_fd()), &opening);
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
        let sent = self.output.send(self.way.over(self.socket.as_fd()), header, payloads, scratch);
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
            let sent = self.output.send_bytes(self.way.over(self.socket.as_fd()), command);
            // Whether it could be sent shows by the connection being broken.
            let _ = self.has_sent(poller, token, sent);
        }
    }

    /// Sends what waits, as far as it goes.
    pub(crate) fn flush(&mut self, poller: &Poller, token: u64) {
        let socket = self.socket.as_fd();
        let sent = if self.way.has_ended(socket) {
            // Nobody makes room any more.
            Err(Over::Ended)
        } else {
            self.output.flush(self.way.over(socket))
        };
        // Whether it could be sent shows by the connection being broken.
        let _ = self.has_sent(poller, token, sent);
    }

    /// Has the poller tell when more can be sent, if there is more. What failed breaks the connection: part of it may have
    /// been sent.
    fn has_sent(&mut self, poller: &Poller, token: u64, sent: Result<Sent, Over>) -> Result<(), Over> {
        let watched = sent.and_then(|sent| Ok(self.watch(poller, token, sent)?));
        if let Err(error) = watched {
            debug!(token, %error, "nothing more can be sent to a peer");
            self.broken = true;
            self.output.clear();
            let _ = self.watch(poller, token, Sent::Whole);
            return Err(error);
        }
        Ok(())
    }

    fn watch(&mut self, poller: &Poller, token: u64, sent: Sent) -> io::Result<()> {
        let interest = match (sent, &self.way) {
            (Sent::Partly, Way::Socket) => Interest::ReadingAndWriting,
            // What comes from the peer tells: a wake-up, its answer.
            (Sent::Whole, _) | (Sent::Partly, Way::Offered(_) | Way::Memory(_)) => Interest::Reading,
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
