//! A client's DEALER socket.

use super::frame::{self, Frame, More};
use super::monitor::Monitor;
use super::wakeup::Wakeup;
use super::{clock, curve};
use bytes::Bytes;
use powerhose_protocol::limits::{ENTRIES_MAX, HEADER_FRAME_BYTES_MAX};
use powerhose_protocol::{CurveClient, Greeter, Message, ROLE_CLIENT, decode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The largest payload that a master could be configured for; it tells its own bound in WELCOME.
const MESSAGE_BYTES_MAX: i64 = 4 << 30;
const RECONNECT_AFTER: Duration = Duration::from_millis(50);
const RECONNECT_AFTER_MAX: Duration = Duration::from_millis(500);
const LINGER: Duration = Duration::from_millis(500);
/// How somebody introduces itself who only wants to know whether a master is there.
const ASKER: &str = concat!("powerhose-master/", env!("CARGO_PKG_VERSION"), " asks who is there");

/// A DEALER that connects, and connects again, to one endpoint.
pub(crate) struct Dealer {
    // Dropped in this order: sockets before their context.
    monitor: Monitor,
    socket: zmq::Socket,
    wakeup: Arc<Wakeup>,
}

/// There is no connection to hand the message to.
#[derive(Debug)]
pub(crate) struct NotConnected;

impl Dealer {
    /// Begins to connect. That nobody listens there shows only by nothing being sent.
    pub(crate) fn connect(
        endpoint: &str,
        curve: Option<&CurveClient>,
        wakeup: Arc<Wakeup>,
    ) -> zmq::Result<Dealer> {
        let context = zmq::Context::new();
        let socket = context.socket(zmq::DEALER)?;
        configure(&socket)?;
        if let Some(client) = curve {
            curve::connect_encrypted(&socket, client)?;
        }
        let monitor = Monitor::watch(&context, &socket)?;
        socket.connect(endpoint)?;
        Ok(Dealer { monitor, socket, wakeup })
    }

    /// The next message's header; its payloads go to `payloads`, which is empty before.
    pub(crate) fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Frame> {
        let header = frame::receive(&self.socket)?;
        let mut more = header.has_more();
        while more {
            let Some(payload) = frame::receive(&self.socket) else { break };
            more = payload.has_more();
            if payloads.len() <= ENTRIES_MAX {
                payloads.push(payload.into_bytes());
            }
        }
        Some(header)
    }

    /// Hands a message over; never waits.
    pub(crate) fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        let more = |last| if last { More::Last } else { More::Follow };
        frame::send_copy(&self.socket, header, more(payloads.is_empty())).map_err(|_| NotConnected)?;
        for (place, payload) in payloads.iter().enumerate() {
            frame::send(&mut self.socket, payload, more(place + 1 == payloads.len()))
                .map_err(|_| NotConnected)?;
        }
        Ok(())
    }

    /// Whether the connection ended since the last call.
    pub(crate) fn has_disconnected(&mut self) -> bool {
        std::iter::from_fn(|| self.monitor.next()).count() > 0
    }

    /// Sleeps until a message is there, the connection ended, somebody uses the wake-up, or it is `until`.
    pub(crate) fn sleep(&mut self, until: Option<Instant>) {
        let mut items = [
            self.socket.as_poll_item(zmq::POLLIN),
            zmq::PollItem::from_fd(self.wakeup.raw_fd(), zmq::POLLIN),
            self.monitor.poll_item(),
        ];
        let woken = zmq::poll(&mut items, super::poll_timeout(until, clock::now()));
        self.wakeup.awake();
        if woken.is_ok() && items[1].is_readable() {
            self.wakeup.drain();
        }
    }
}

fn configure(socket: &zmq::Socket) -> zmq::Result<()> {
    socket.set_immediate(true)?;
    socket.set_linger(LINGER.as_millis() as i32)?;
    socket.set_sndhwm(0)?;
    socket.set_rcvhwm(0)?;
    socket.set_ipv6(true)?;
    socket.set_maxmsgsize(MESSAGE_BYTES_MAX.max(HEADER_FRAME_BYTES_MAX as i64))?;
    socket.set_reconnect_ivl(RECONNECT_AFTER.as_millis() as i32)?;
    socket.set_reconnect_ivl_max(RECONNECT_AFTER_MAX.as_millis() as i32)
}

/// A master that answered.
pub(crate) struct Found {
    /// Its process id, if it tells.
    pub(crate) pid: Option<u32>,
}

/// The master at an endpoint, if one answers in time.
pub(crate) fn ask_for_master(endpoint: &str, within: Duration) -> Option<Found> {
    let context = zmq::Context::new();
    let socket = context.socket(zmq::DEALER).ok()?;
    socket.set_linger(0).ok()?;
    socket.connect(endpoint).ok()?;
    socket.send(Greeter::new(ROLE_CLIENT, ASKER.to_owned(), None).hello(), zmq::DONTWAIT).ok()?;
    let readable = socket.poll(zmq::POLLIN, within.as_millis() as i64).ok()? > 0;
    let header = if readable { frame::receive(&socket)? } else { return None };
    match decode(header.as_ref(), 0).ok()? {
        Message::Welcome(welcome) => Some(Found { pid: u32::try_from(welcome.pid).ok() }),
        // It tells strangers nothing, but it is there.
        Message::Challenge(_) | Message::Reject(_) => Some(Found { pid: None }),
        _ => None,
    }
}
