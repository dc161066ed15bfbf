//! The connection to the master: a DEALER that never blocks and never queues for nobody.

mod libzmq;
mod local;

use super::Master;
use super::frame::Frame;
use crate::WorkerError;
use bytes::Bytes;
use libzmq::TcpSocket;
use local::LocalSocket;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};

/// See the module.
pub(super) enum MasterSocket {
    Local(Box<LocalSocket>),
    Tcp(TcpSocket),
}

/// What became of a message.
pub(super) enum Sent {
    Whole,
    NoConnection,
}

/// What the socket would let happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Events {
    /// There is, or may be, something to receive.
    pub(super) readable: bool,
    /// There is a connection to send to.
    pub(super) connected: bool,
}

/// A header frame as it came in.
pub(super) enum Header {
    Local(Bytes),
    Tcp(zmq::Message),
}

impl Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Header::Local(bytes) => bytes,
            Header::Tcp(frame) => frame,
        }
    }
}

impl MasterSocket {
    pub(super) fn connect(master: Master<'_>) -> Result<MasterSocket, WorkerError> {
        match master.endpoint.path() {
            Some(path) => Ok(MasterSocket::Local(Box::new(LocalSocket::connect(path)?))),
            None => TcpSocket::connect(master).map(MasterSocket::Tcp),
        }
    }

    /// Sends a message whole or not at all.
    pub(super) fn send(&mut self, header: Vec<u8>, payloads: Vec<Frame>) -> Result<Sent, WorkerError> {
        match self {
            MasterSocket::Local(socket) => Ok(socket.send(&header, payloads)),
            MasterSocket::Tcp(socket) => socket.send(header, payloads),
        }
    }

    /// The next message, if one is there: its header frame; its payload frames are put into `payloads`.
    pub(super) fn receive(&mut self, payloads: &mut Vec<Frame>) -> Result<Option<Header>, WorkerError> {
        match self {
            MasterSocket::Local(socket) => Ok(socket.receive(payloads)),
            MasterSocket::Tcp(socket) => socket.receive(payloads),
        }
    }

    /// Whether there is something to read, and a connection to write to.
    pub(super) fn events(&mut self) -> Result<Events, WorkerError> {
        match self {
            MasterSocket::Local(socket) => Ok(socket.events()),
            MasterSocket::Tcp(socket) => socket.events(),
        }
    }

    /// Somebody slept on the descriptor.
    pub(super) fn slept(&mut self) {
        if let MasterSocket::Local(socket) = self {
            socket.slept();
        }
    }

    /// Whether some of what was sent is still here, and leaves only while this socket is turned to.
    pub(super) fn has_unsent(&self) -> bool {
        match self {
            MasterSocket::Local(socket) => socket.has_unsent(),
            MasterSocket::Tcp(_) => false,
        }
    }
}

impl AsFd for MasterSocket {
    /// Readable when [`events`](MasterSocket::events) may have changed since it was last asked.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            MasterSocket::Local(socket) => socket.as_fd(),
            MasterSocket::Tcp(socket) => socket.as_fd(),
        }
    }
}
