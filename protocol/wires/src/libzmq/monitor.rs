//! Which connections came and ended, as libzmq's monitor tells it: by file descriptor.
//!
//! The monitor's socket must be read again and again: one that is not read blocks libzmq's I/O thread, and with it all
//! traffic.

use super::frame;
use std::io;

const ACCEPTED: u16 = zmq::SocketEvent::ACCEPTED as u16;
const NOT_ACCEPTED: u16 = zmq::SocketEvent::ACCEPT_FAILED as u16;

/// What happened to a connection, named by its descriptor. A descriptor ends before it is accepted again.
#[derive(Debug)]
pub(super) enum Happened {
    /// A peer connected to where the socket listens.
    Accepted(i32),
    /// A peer could not be accepted, because the system refused. It still waits, and libzmq tries again at once.
    NotAccepted(io::Error),
    /// It is over.
    Ended(i32),
}

/// The read side of a socket's monitor.
pub(super) struct Monitor {
    events: zmq::Socket,
}

impl Monitor {
    /// Watches a socket for connections that come and end.
    pub(super) fn watch(context: &zmq::Context, socket: &zmq::Socket) -> zmq::Result<Monitor> {
        // One context has one watched socket.
        let endpoint = "inproc://monitor";
        let events = [ACCEPTED, NOT_ACCEPTED, zmq::SocketEvent::DISCONNECTED.to_raw()];
        socket.monitor(endpoint, events.into_iter().map(i32::from).sum())?;
        let events = context.socket(zmq::PAIR)?;
        events.set_rcvhwm(0)?;
        events.set_linger(0)?;
        events.connect(endpoint)?;
        Ok(Monitor { events })
    }

    /// What happened next.
    pub(super) fn next(&self) -> Option<Happened> {
        let event = frame::receive(&self.events)?;
        let mut more = event.has_more();
        while more {
            more = frame::receive(&self.events).is_some_and(|rest| rest.has_more());
        }
        parse(event.as_ref())
    }

    /// To be looked at for reading.
    pub(super) fn socket(&self) -> &zmq::Socket {
        &self.events
    }
}

/// Two bytes of event, four of value; parsed here because the crate panics on events it does not know.
fn parse(event: &[u8]) -> Option<Happened> {
    let (event, value) = event.get(..6)?.split_at(2);
    let value = i32::from_ne_bytes(value.try_into().ok()?);
    Some(match u16::from_ne_bytes(event.try_into().ok()?) {
        ACCEPTED => Happened::Accepted(value),
        NOT_ACCEPTED => Happened::NotAccepted(io::Error::from_raw_os_error(value)),
        _ => Happened::Ended(value),
    })
}

impl Drop for Monitor {
    fn drop(&mut self) {
        while self.next().is_some() {}
    }
}
