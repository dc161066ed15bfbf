//! How a connection reads: from its socket, or from memory that it shares with the peer.

use crate::shared::agreement;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::connection::{Connection, PONGS_PER_READ};
use crate::zmtp::format::Kind;
use crate::zmtp::over::{Over, Read};
use crate::zmtp::way::Way;
use crate::{Sharing, Violation};
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::io;
use std::os::fd::AsFd;

impl Connection {
    /// Reads once. `chunk` is used up before.
    pub(crate) fn read(&mut self, chunk: &mut Chunk) -> Result<Read, Over> {
        let socket = self.socket.as_fd();
        let read = match &mut self.way {
            Way::Memory(end) => {
                Way::read_memory(end, socket, &mut self.input, chunk).map_err(Violation::from)?
            }
            Way::Socket | Way::Offered(_) => self.read_socket(chunk)?,
        };
        match read {
            Read::Full | Read::All => {
                self.input.has_read(chunk);
                self.pongs_left = PONGS_PER_READ;
                self.heard = true;
            }
            Read::Nothing | Read::End => {}
        }
        Ok(read)
    }

    /// Reads from the socket once, and takes memory that comes with the handshake.
    fn read_socket(&mut self, chunk: &mut Chunk) -> io::Result<Read> {
        let may_bring_memory =
            self.sharing == Sharing::Offered && self.kind == Kind::Dealer && !self.is_open();
        let room = self.input.room(chunk);
        let size = room.capacity() - room.len();
        loop {
            let read = if may_bring_memory {
                agreement::receive(self.socket.as_fd(), room).map(|(read, memory)| {
                    self.memory = memory.or(self.memory.take());
                    read
                })
            } else {
                recv(&self.socket, spare_capacity(room), RecvFlags::DONTWAIT).map(|(read, _)| read)
            };
            match read {
                Ok(0) => return Ok(Read::End),
                Ok(read) => return Ok(if read == size { Read::Full } else { Read::All }),
                Err(Errno::AGAIN) => return Ok(Read::Nothing),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
