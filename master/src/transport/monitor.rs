//! Which connections ended, as libzmq's monitor tells it: by file descriptor.
//!
//! The monitor's socket must be read again and again: one that is not read blocks libzmq's I/O thread, and with it all
//! traffic.

use super::frame;

/// The read side of a socket's monitor.
pub(crate) struct Monitor {
    events: zmq::Socket,
}

impl Monitor {
    /// Watches a socket for connections that end.
    pub(crate) fn watch(context: &zmq::Context, socket: &zmq::Socket) -> zmq::Result<Monitor> {
        // One context has one watched socket.
        let endpoint = "inproc://monitor";
        socket.monitor(endpoint, i32::from(zmq::SocketEvent::DISCONNECTED.to_raw()))?;
        let events = context.socket(zmq::PAIR)?;
        events.set_rcvhwm(0)?;
        events.set_linger(0)?;
        events.connect(endpoint)?;
        Ok(Monitor { events })
    }

    /// The descriptor of the next connection that ended.
    pub(crate) fn next(&self) -> Option<i32> {
        let event = frame::receive(&self.events)?;
        let mut more = event.has_more();
        while more {
            more = frame::receive(&self.events).is_some_and(|rest| rest.has_more());
        }
        // Two bytes of event, four of value; parsed here because the crate panics on events it does not know.
        let value: [u8; 4] = event.as_ref().get(2..6)?.try_into().ok()?;
        Some(i32::from_ne_bytes(value))
    }

    /// To be looked at for reading.
    pub(super) fn socket(&self) -> &zmq::Socket {
        &self.events
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        while self.next().is_some() {}
    }
}
