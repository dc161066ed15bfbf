//! What the bytes of a connection go through: its socket, or, between two peers of ours, memory that they share. Which it is they
//! settle in their handshake; PROTOCOL.md says how.

use crate::Torn;
use crate::shared::End;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::input::Input;
use crate::zmtp::output::Sink;
use crate::zmtp::over::{Over, Read};
use rustix::event::PollFlags;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;

#[derive(Debug)]
pub(crate) enum Way {
    /// The socket, for good or until memory is offered.
    Socket,
    /// Memory was offered to the peer, which has not answered. Nothing is sent meanwhile.
    Offered(Box<End>),
    /// Memory. The socket wakes, and its end is the end.
    Memory(Box<End>),
}

impl Way {
    /// Reads from memory once.
    pub(super) fn read_memory(
        end: &mut End,
        socket: BorrowedFd<'_>,
        input: &mut Input,
        chunk: &mut Chunk,
    ) -> Result<Read, Torn> {
        let room = input.room(chunk);
        let size = room.capacity() - room.len();
        end.awake();
        let mut is_over = end.was_told() && end.take_wakeups(socket);
        let mut read = end.read(socket, room, size)?;
        if read == 0 && !is_over {
            is_over = end.take_wakeups(socket);
            // What was written before the end stands before it.
            read = end.read(socket, room, size)?;
        }
        Ok(match read {
            0 if is_over => Read::End,
            0 => Read::Nothing,
            _ if read == size => Read::Full,
            _ => Read::All,
        })
    }

    /// Takes wake-ups out of the socket where memory is shared. Whether the peer has gone.
    pub(super) fn has_ended(&mut self, socket: BorrowedFd<'_>) -> bool {
        match self {
            Way::Socket | Way::Offered(_) => false,
            Way::Memory(end) => end.take_wakeups(socket),
        }
    }

    /// What a sleep is for after which more can be sent.
    pub(super) fn room_flags(&self) -> PollFlags {
        match self {
            Way::Socket | Way::Offered(_) => PollFlags::OUT,
            Way::Memory(_) => PollFlags::IN,
        }
    }

    /// To be sent through.
    pub(super) fn over<'a>(&'a mut self, socket: BorrowedFd<'a>) -> Passage<'a> {
        Passage { way: self, socket }
    }
}

/// A way and its socket.
pub(super) struct Passage<'a> {
    way: &'a mut Way,
    socket: BorrowedFd<'a>,
}

impl Sink for Passage<'_> {
    fn take(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, Over> {
        match self.way {
            Way::Socket => self.socket.take(pieces),
            Way::Offered(_) => Ok(0),
            Way::Memory(end) => Ok(end.write(self.socket, pieces).map_err(crate::Violation::from)?),
        }
    }
}
