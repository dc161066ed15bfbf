//! The connecting end.

use super::frame;
use super::monitor::Monitor;
use super::{curve, descriptor, endpoint};
use crate::poll::{Poller, TOLD_MAX, Told};
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
/// How long what was sent last may take to leave when the socket is dropped.
const LINGER: Duration = Duration::from_millis(500);
/// Looks for hints that are left out while nobody sleeps. Each is a system call.
const LOOKS_WITHOUT_HINTS: u32 = 15;

/// The name of this machine for itself.
const LOCALHOST: &str = "localhost";

const MESSAGES: u64 = TOLD_MAX;
const HINTS: u64 = TOLD_MAX + 1;

/// A DEALER with one peer.
pub struct Dealer {
    // Dropped in this order: sockets before their context.
    monitor: Monitor,
    socket: zmq::Socket,
    poller: Poller,
    frames_max: usize,
    /// Memory of small frames.
    small: BytesMut,
    /// Something was sent, received or asked since the socket was last found empty: what came meanwhile, its descriptor does
    /// not tell.
    untold: Cell<bool>,
    /// In how many looks the monitor is asked, unless its descriptor tells of something.
    hints_in: u32,
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
        let poller = Poller::new()?;
        poller.add(descriptor(&socket)?, MESSAGES)?;
        poller.add(descriptor(monitor.socket())?, HINTS)?;
        socket.connect(&endpoint(&reachable(address)))?;
        let small = BytesMut::new();
        Ok(Dealer {
            monitor,
            socket,
            poller,
            frames_max: bounds.frames_max,
            small,
            untold: Cell::new(false),
            hints_in: 0,
        })
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
        self.poller.add(descriptor, number.into())
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
        if self.hints_in > 0 {
            self.hints_in -= 1;
            return false;
        }
        self.hints_in = LOOKS_WITHOUT_HINTS;
        std::iter::from_fn(|| self.monitor.next()).count() > 0
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
        let told = self.poller.look(at_most);
        while let Some(seen) = self.poller.take() {
            if seen.token == HINTS {
                self.hints_in = 0;
            }
        }
        told
    }

    fn slept_elsewhere(&mut self) {
        self.hints_in = 0;
    }
}

impl AsFd for Dealer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}

fn configure(socket: &zmq::Socket, bounds: Bounds) -> zmq::Result<()> {
    // Without a connection there is no queue: nothing waits out an outage and runs stale.
    socket.set_immediate(true)?;
    socket.set_linger(LINGER.as_millis() as i32)?;
    // Nought is no bound, for whoever has none.
    socket.set_sndhwm(i32::try_from(bounds.unsent_max).unwrap_or(0))?;
    socket.set_rcvhwm(0)?;
    socket.set_ipv6(true)?;
    socket.set_maxmsgsize(i64::try_from(bounds.frame_bytes_max).unwrap_or(i64::MAX))?;
    socket.set_connect_timeout(CONNECT_WITHIN.as_millis() as i32)?;
    socket.set_reconnect_ivl(RECONNECT_AFTER.as_millis() as i32)?;
    socket.set_reconnect_ivl_max(RECONNECT_AFTER_MAX.as_millis() as i32)
}
