//! A client's DEALER socket over TCP.

use super::curve;
use super::frame::{self, Frame, More};
use super::monitor::Monitor;
use super::rest::{Rest, Told};
use crate::transport::dealer::NotConnected;
use crate::transport::wakeup::Wakeup;
use bytes::Bytes;
use powerhose_protocol::limits::{ENTRIES_MAX, HEADER_FRAME_BYTES_MAX};
use powerhose_protocol::{CurveClient, Greeter, Message, ROLE_CLIENT, decode};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The largest payload that a master could be configured for; it tells its own bound in WELCOME.
const MESSAGE_BYTES_MAX: i64 = 4 << 30;
const RECONNECT_AFTER: Duration = Duration::from_millis(50);
const RECONNECT_AFTER_MAX: Duration = Duration::from_millis(500);
/// Turns in which the monitor is not looked at while the loop never sleeps. Each look is a system call.
const TURNS_WITHOUT_HINTS: u32 = 15;
const LINGER: Duration = Duration::from_millis(500);
/// How somebody introduces itself who only wants to know whether a master is there.
const ASKER: &str = concat!("powerhose-master/", env!("CARGO_PKG_VERSION"), " asks who is there");

/// A DEALER that connects, and connects again, to one endpoint.
pub(crate) struct Dealer {
    // Dropped in this order: sockets before their context.
    monitor: Monitor,
    socket: zmq::Socket,
    rest: Rest,
    /// Something was sent since the socket was last found empty: what came meanwhile, its descriptor does not tell.
    sent: bool,
    /// In how many turns the monitor is looked at, unless its descriptor tells of something.
    hints_in: u32,
}

impl Dealer {
    /// Begins to connect. That nobody listens there shows only by nothing being sent.
    pub(crate) fn connect(
        endpoint: &str,
        curve: Option<&CurveClient>,
        wakeup: Arc<Wakeup>,
    ) -> io::Result<Dealer> {
        let context = zmq::Context::new();
        let socket = context.socket(zmq::DEALER)?;
        configure(&socket)?;
        if let Some(client) = curve {
            curve::connect_encrypted(&socket, client)?;
        }
        let monitor = Monitor::watch(&context, &socket)?;
        let rest = Rest::over(&socket, &[monitor.socket()], wakeup)?;
        socket.connect(endpoint)?;
        Ok(Dealer { monitor, socket, rest, sent: false, hints_in: 0 })
    }

    /// The next message's header; its payloads go to `payloads`, which is empty before.
    pub(crate) fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Frame> {
        let Some(header) = frame::receive(&self.socket) else {
            self.sent = false;
            return None;
        };
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
        self.sent = true;
        let more = |last| if last { More::Last } else { More::Follow };
        frame::send_copy(&self.socket, header, more(payloads.is_empty())).map_err(|_| NotConnected)?;
        for (place, payload) in payloads.iter().enumerate() {
            frame::send(&mut self.socket, payload, more(place + 1 == payloads.len()))
                .map_err(|_| NotConnected)?;
        }
        Ok(())
    }

    /// Somebody else slept on the descriptor: anything may have happened.
    pub(crate) fn slept_elsewhere(&mut self) {
        self.hints_in = 0;
    }

    /// Whether the connection ended since the last call; a busy loop may be told a few turns later.
    pub(crate) fn has_disconnected(&mut self) -> bool {
        if self.hints_in > 0 {
            self.hints_in -= 1;
            return false;
        }
        self.hints_in = TURNS_WITHOUT_HINTS;
        std::iter::from_fn(|| self.monitor.next()).count() > 0
    }

    /// Sleeps until a message is there, the connection ended, somebody uses the wake-up, or it is `until`.
    pub(crate) fn sleep(&mut self, until: Option<Instant>) {
        if self.has_message() {
            return;
        }
        if self.rest.sleep(until) == Told::Hints {
            self.hints_in = 0;
        }
    }

    /// Whether a message is there that the descriptor does not tell, because it came while something was sent.
    pub(crate) fn has_message(&self) -> bool {
        self.sent && frame::is_there(&self.socket)
    }

    /// Readable when a message has come since the last look, the connection ended, or somebody used the wake-up.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.rest.as_fd()
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
