//! The connecting end.

use super::frame;
use super::monitor::Monitor;
use super::sleep::Sleep;
use super::{curve, endpoint};
use crate::poll::Told;
use crate::{Address, Bounds, Link, NotConnected};
use bytes::{Bytes, BytesMut};
use powerhose_protocol::CurveClient;
use std::cell::Cell;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// The first wait before it connects again, doubled up to the second.
const RECONNECT_AFTER: Duration = Duration::from_millis(50);
const RECONNECT_AFTER_MAX: Duration = Duration::from_millis(500);
/// After it a TCP connection that is not there yet is tried anew.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// The name of this machine for itself.
const LOCALHOST: &str = "localhost";

/// A DEALER with one peer.
pub struct Dealer {
    // Dropped in this order: sockets before their context.
    monitor: Monitor,
    socket: zmq::Socket,
    sleep: Sleep,
    frames_max: usize,
    /// Memory of small frames.
    small: BytesMut,
    /// Something was sent, received or asked since the socket was last found empty: what came meanwhile, its descriptor does
    /// not tell.
    untold: Cell<bool>,
}

impl Dealer {
    /// Begins to connect, with these keys encrypted. That nobody listens there shows only by nothing being sent.
    ///
    /// # Errors
    /// It is no address, or the system has no descriptor left.
    pub fn connect(address: &Address, keys: Option<&CurveClient>, bounds: Bounds) -> io::Result<Dealer> {
        let context = zmq::Context::new();
        let socket = context.socket(zmq::DEALER)?;
        configure(&socket, bounds)?;
        if let Some(keys) = keys {
            curve::connect_encrypted(&socket, keys)?;
        }
        let monitor = Monitor::watch(&context, &socket)?;
        let sleep = Sleep::on(&socket, [monitor.socket()])?;
        socket.connect(&endpoint(&reachable(address)))?;
        let small = BytesMut::new();
        Ok(Dealer { monitor, socket, sleep, frames_max: bounds.frames_max, small, untold: Cell::new(false) })
    }
}

/// Of the addresses of a name, libzmq tries the first alone: which of its two loopback addresses a machine calls `localhost` first
/// must not matter. Who listens at `localhost` listens at both.
fn reachable(address: &Address) -> Address {
    match address {
        Address::Tcp { host, port } if host == LOCALHOST => (Ipv4Addr::LOCALHOST.to_string(), *port).into(),
        other => other.clone(),
    }
}

impl Link for Dealer {
    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        self.sleep.watch(descriptor, number)
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
        let Some(header) = frame::receive(&self.socket) else {
            self.untold.set(false);
            return None;
        };
        self.untold.set(true);
        frame::receive_rest(&self.socket, &header, self.frames_max, &mut self.small, payloads);
        Some(header.into_bytes(&mut self.small))
    }

    fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        self.untold.set(true);
        // libzmq takes back what it has of a message whose other frames it does not take.
        frame::send_all(&mut self.socket, header, payloads).map_err(|_| NotConnected)
    }

    fn is_connected(&self) -> bool {
        let events = frame::events(&self.socket);
        if events.contains(zmq::POLLIN) {
            // To ask has made its descriptor unreadable.
            self.untold.set(true);
        }
        events.contains(zmq::POLLOUT)
    }

    fn has_ended(&mut self) -> bool {
        // It drops the messages that were not read when a connection ends, and says so at another place.
        false
    }

    fn has_hint(&mut self) -> bool {
        self.sleep.asks_for_hints() && std::iter::from_fn(|| self.monitor.next()).count() > 0
    }

    fn has_unsent(&self) -> bool {
        false
    }

    fn why_not_connected(&self) -> Option<String> {
        None
    }

    fn has_more(&self) -> bool {
        self.untold.get() && frame::events(&self.socket).contains(zmq::POLLIN)
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        self.sleep.sleep(at_most)
    }

    fn slept_elsewhere(&mut self) {
        self.sleep.slept_elsewhere();
    }
}

impl AsFd for Dealer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sleep.as_fd()
    }
}

fn configure(socket: &zmq::Socket, bounds: Bounds) -> zmq::Result<()> {
    super::sleep::configure(socket, bounds)?;
    // Without a connection there is no queue: nothing waits out an outage and runs stale.
    socket.set_immediate(true)?;
    // Nought is no bound, for whoever has none.
    socket.set_sndhwm(i32::try_from(bounds.unsent_max).unwrap_or(0))?;
    socket.set_rcvhwm(0)?;
    socket.set_connect_timeout(CONNECT_WITHIN.as_millis() as i32)?;
    socket.set_reconnect_ivl(RECONNECT_AFTER.as_millis() as i32)?;
    socket.set_reconnect_ivl_max(RECONNECT_AFTER_MAX.as_millis() as i32)
}
