//! The connection to a master on another machine, or behind a TCP port: libzmq's DEALER.

use super::{Events, Header, Sent};
use crate::runtime::Master;
use crate::runtime::frame::{Frame, retry_interrupted};
use crate::{CurveClient, WorkerError};
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use zmq::Message;

/// Messages that libzmq may hold in each direction: all the jobs or replies of 64 pools with the highest credit and as
/// many heartbeats again. The bound that counts is the credit; this one must only never be reached.
const HIGH_WATER_MARK: i32 = 131_072;
/// How long closing waits for what was sent last.
const LINGER_MS: i32 = 1_000;
/// The first wait before libzmq connects again, doubled up to the second.
const RECONNECT_MS: i32 = 50;
const RECONNECT_MS_MAX: i32 = 500;
/// After it a TCP connection that is not there yet is tried anew.
const CONNECT_TIMEOUT_MS: i32 = 5_000;

pub(in crate::runtime) struct TcpSocket {
    socket: zmq::Socket,
    descriptor: RawFd,
}

impl TcpSocket {
    pub(super) fn connect(master: Master<'_>) -> Result<TcpSocket, WorkerError> {
        let failed = |error: zmq::Error| WorkerError::system("make a ZeroMQ socket", error);
        let socket = zmq::Context::new().socket(zmq::DEALER).map_err(failed)?;
        // Without a connection there is no queue: nothing waits out an outage and runs stale.
        socket.set_immediate(true).map_err(failed)?;
        socket.set_sndhwm(HIGH_WATER_MARK).map_err(failed)?;
        socket.set_rcvhwm(HIGH_WATER_MARK).map_err(failed)?;
        socket.set_linger(LINGER_MS).map_err(failed)?;
        socket.set_reconnect_ivl(RECONNECT_MS).map_err(failed)?;
        socket.set_reconnect_ivl_max(RECONNECT_MS_MAX).map_err(failed)?;
        socket.set_connect_timeout(CONNECT_TIMEOUT_MS).map_err(failed)?;
        socket.set_ipv6(true).map_err(failed)?;
        if let Some(client) = master.curve {
            encrypt(&socket, client)?;
        }
        socket
            .connect(&master.endpoint.to_string())
            .map_err(|error| WorkerError::system("connect", error))?;
        let descriptor = socket.get_fd().map_err(failed)?;
        Ok(TcpSocket { socket, descriptor })
    }

    /// Sends a message whole or not at all.
    pub(super) fn send(&mut self, header: Vec<u8>, payloads: Vec<Frame>) -> Result<Sent, WorkerError> {
        let mut frames_left = payloads.len();
        let frames = std::iter::once(Frame::Made(header)).chain(payloads);
        for frame in frames {
            let more = if frames_left > 0 { zmq::SNDMORE } else { 0 };
            match frame.send(&mut self.socket, zmq::DONTWAIT | more) {
                Ok(()) => frames_left = frames_left.saturating_sub(1),
                // libzmq takes back the frames before it.
                Err(zmq::Error::EAGAIN) => return Ok(Sent::NoConnection),
                Err(error) => return Err(WorkerError::system("send a message", error)),
            }
        }
        Ok(Sent::Whole)
    }

    /// The next message, if one is there: its header frame; its payload frames are put into `payloads`.
    pub(super) fn receive(&self, payloads: &mut Vec<Frame>) -> Result<Option<Header>, WorkerError> {
        let header = match self.receive_frame() {
            Ok(header) => header,
            Err(zmq::Error::EAGAIN) => return Ok(None),
            Err(error) => return Err(WorkerError::system("receive a message", error)),
        };
        let mut more = header.get_more();
        while more {
            // The frames of a message arrive together.
            let frame =
                self.receive_frame().map_err(|error| WorkerError::system("receive a message", error))?;
            more = frame.get_more();
            payloads.push(Frame::Received(frame));
        }
        Ok(Some(Header::Tcp(header)))
    }

    /// Whether there is something to read, and a connection to write to.
    pub(super) fn events(&self) -> Result<Events, WorkerError> {
        let events = retry_interrupted(|| self.socket.get_events())
            .map_err(|error| WorkerError::system("look at a socket", error))?;
        Ok(Events { readable: events.contains(zmq::POLLIN), connected: events.contains(zmq::POLLOUT) })
    }

    fn receive_frame(&self) -> zmq::Result<Message> {
        retry_interrupted(|| self.socket.recv_msg(zmq::DONTWAIT))
    }
}

fn encrypt(socket: &zmq::Socket, client: &CurveClient) -> Result<(), WorkerError> {
    if !zmq::has("curve").unwrap_or(false) {
        return Err(WorkerError::NoCurve);
    }
    let failed = |error: zmq::Error| WorkerError::system("set CURVE keys", error);
    socket.set_curve_serverkey(client.server.as_bytes()).map_err(failed)?;
    socket.set_curve_publickey(client.own.public.as_bytes()).map_err(failed)?;
    socket.set_curve_secretkey(client.own.secret.as_bytes()).map_err(failed)
}

impl AsFd for TcpSocket {
    /// Readable when [`events`](TcpSocket::events) may have changed since it was last asked.
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor belongs to the socket, which lives and keeps it as long as `self`.
        unsafe { BorrowedFd::borrow_raw(self.descriptor) }
    }
}
