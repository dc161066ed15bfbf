//! The master's ROUTER socket over TCP.

use super::capacity::Capacity;
use super::connection::Connections;
use super::curve::{self, Doorkeeper};
use super::frame::{self, Frame, More};
use super::monitor::{Happened, Monitor};
use crate::desk::Route;
use crate::transport::{BindError, Unreachable};
use bytes::Bytes;
use powerhose_protocol::limits::{ENTRIES_MAX, HEADER_FRAME_BYTES_MAX};
use powerhose_protocol::{CurveServer, Endpoint};
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// libzmq's own routing ids: a zero byte and a counter.
const ROUTE_BYTES: usize = 5;
/// Messages that may wait for one peer that does not read. Beyond that it counts as gone.
const SEND_QUEUE_MAX: i32 = 100_000;
/// ZMTP heartbeats notice connections whose other end stopped; only the ROUTER sends them.
const CONNECTION_HEARTBEAT: Duration = Duration::from_secs(1);
const CONNECTION_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long what was sent last may take to leave when the socket closes.
const LINGER: Duration = Duration::from_millis(500);
/// Turns in which the monitor is not looked at while the loop never sleeps. Each look is a system call.
const TURNS_WITHOUT_HINTS: u32 = 15;
/// How long a master that holds a TCP port is asked who it is.
const ASK_WITHIN: Duration = Duration::from_millis(500);

/// A bound ROUTER with its monitor.
pub(crate) struct Router {
    // Dropped in this order: sockets before their context.
    monitor: Monitor,
    doorkeeper: Option<Doorkeeper>,
    socket: zmq::Socket,
    /// Something was sent since the socket was last found empty: what came meanwhile, its descriptor does not tell.
    sent: bool,
    /// In how many turns the monitor and the doorkeeper are looked at, unless the descriptors tell of something.
    hints_in: u32,
    connections: Connections,
    capacity: Capacity,
    endpoints: Vec<Endpoint>,
    /// Connections that ended, of which nobody was told yet.
    ended: Vec<Route>,
}

/// A message, except its payload frames.
pub(crate) struct Received {
    /// None if its sender chose its identity itself.
    pub(crate) route: Option<Route>,
    pub(crate) identity: Frame,
    pub(crate) header: Frame,
}

impl Router {
    /// Listens nowhere yet. With keys, everything is encrypted.
    pub(crate) fn new(
        curve: Option<&CurveServer>,
        payload_bytes_max: usize,
        connections_max: usize,
    ) -> zmq::Result<Router> {
        let context = zmq::Context::new();
        let socket = context.socket(zmq::ROUTER)?;
        configure(&socket, payload_bytes_max)?;
        let monitor = Monitor::watch(&context, &socket)?;
        let doorkeeper = curve.map(|server| Doorkeeper::stand(&context, server)).transpose()?;
        if let Some(server) = curve {
            curve::encrypt(&socket, server)?;
        }
        Ok(Router {
            monitor,
            doorkeeper,
            socket,
            sent: false,
            hints_in: 0,
            connections: Connections::default(),
            capacity: Capacity::new(connections_max),
            endpoints: Vec::new(),
            ended: Vec::new(),
        })
    }

    /// Listens at a TCP endpoint; gives it with the port that the system chose.
    pub(crate) fn listen(&mut self, endpoint: &Endpoint) -> Result<Endpoint, BindError> {
        self.socket.bind(&endpoint.to_string()).map_err(|source| match source {
            zmq::Error::EADDRINUSE => in_use(endpoint),
            source => BindError::Socket { endpoint: endpoint.to_string(), source },
        })?;
        let bound = bound(endpoint, &self.socket);
        self.endpoints.push(bound.clone());
        Ok(bound)
    }

    /// What to sleep on: first the descriptor that tells of messages, then those that tell of connections. They are open
    /// as long as the router.
    pub(crate) fn descriptors(&self) -> zmq::Result<Vec<BorrowedFd<'_>>> {
        let hints = self.doorkeeper.iter().map(Doorkeeper::socket);
        [&self.socket, self.monitor.socket()]
            .into_iter()
            .chain(hints)
            // SAFETY: the descriptor is the socket's own and open as long as it, which `self` owns.
            .map(|socket| Ok(unsafe { BorrowedFd::borrow_raw(socket.get_fd()?) }))
            .collect()
    }

    /// The next message, if one is there; its payloads go to `payloads`.
    pub(crate) fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        let Some(identity) = frame::receive(&self.socket) else {
            self.sent = false;
            self.connections.nothing_unread();
            return None;
        };
        let mut header = frame::receive(&self.socket)?;
        let mut more = header.has_more();
        while more {
            let Some(payload) = frame::receive(&self.socket) else { break };
            more = payload.has_more();
            // A few too many show that the count is wrong; the rest of a hostile message is not worth keeping.
            if payloads.len() <= ENTRIES_MAX {
                payloads.push(payload.into_bytes());
            }
        }
        let route = route(identity.as_ref());
        if let Some(route) = route {
            self.remember(route, &mut header);
        }
        Some(Received { route, identity, header })
    }

    fn remember(&mut self, route: Route, header: &mut Frame) {
        if self.connections.is_certain(route) {
            return;
        }
        if let Some(descriptor) = header.descriptor() {
            self.connections.heard(route, descriptor);
        }
    }

    fn ask_monitor(&mut self) {
        while let Some(happened) = self.monitor.next() {
            match happened {
                Happened::Accepted(descriptor) => self.capacity.accepted(descriptor),
                Happened::Ended(descriptor) => {
                    self.capacity.ended(descriptor);
                    self.connections.ended(descriptor, &mut self.ended);
                }
            }
        }
    }

    /// Hands a message over to a peer that chose its identity.
    pub(crate) fn send_to_identity(&mut self, identity: &Frame, header: &[u8]) {
        self.sent = true;
        if frame::send_copy(&self.socket, identity.as_ref(), More::Follow).is_ok() {
            let _ = frame::send_copy(&self.socket, header, More::Last);
        }
    }

    /// Hands a message over; never waits.
    pub(crate) fn send(
        &mut self,
        route: Route,
        header: &[u8],
        payloads: &[Bytes],
    ) -> Result<(), Unreachable> {
        self.sent = true;
        let mut identity = [0; ROUTE_BYTES];
        identity[1..].copy_from_slice(&(route.0 as u32).to_be_bytes());
        let more = |last| if last { More::Last } else { More::Follow };
        // Only the first frame can fail: once the route is accepted, libzmq takes the whole message.
        frame::send_copy(&self.socket, &identity, More::Follow).map_err(|_| Unreachable)?;
        frame::send_copy(&self.socket, header, more(payloads.is_empty())).map_err(|_| Unreachable)?;
        for (place, payload) in payloads.iter().enumerate() {
            frame::send(&mut self.socket, payload, more(place + 1 == payloads.len()))
                .map_err(|_| Unreachable)?;
        }
        Ok(())
    }

    /// Ends a connection, if it is still there.
    pub(crate) fn cut(&mut self, route: Route) {
        // It may have ended, and another may have its descriptor.
        self.ask_monitor();
        self.connections.cut(route);
    }

    /// Connections that may have ended since the last call; a busy loop may be told a few turns later.
    pub(crate) fn hints(&mut self, routes: &mut Vec<Route>) {
        if self.hints_in > 0 {
            self.hints_in -= 1;
        } else {
            self.hints_in = TURNS_WITHOUT_HINTS;
            if let Some(doorkeeper) = &self.doorkeeper {
                doorkeeper.answer();
            }
            self.ask_monitor();
        }
        routes.append(&mut self.ended);
    }

    /// Ends the connections that are too many; tells how many there were.
    pub(crate) fn cut_surplus(&mut self) -> usize {
        self.capacity.cut_surplus(&self.endpoints)
    }

    /// Whether a message is there that the descriptor does not tell, because it came while something was sent.
    pub(crate) fn has_message(&self) -> bool {
        // Who heard of an end while cutting has yet to tell it.
        !self.ended.is_empty() || self.sent && frame::is_there(&self.socket)
    }

    /// One of the descriptors that tell of connections was readable, or may have been.
    pub(crate) fn has_hints(&mut self) {
        self.hints_in = 0;
    }
}

fn configure(socket: &zmq::Socket, payload_bytes_max: usize) -> zmq::Result<()> {
    socket.set_router_mandatory(true)?;
    socket.set_linger(LINGER.as_millis() as i32)?;
    socket.set_sndhwm(SEND_QUEUE_MAX)?;
    socket.set_maxmsgsize(payload_bytes_max.max(HEADER_FRAME_BYTES_MAX) as i64)?;
    socket.set_ipv6(true)?;
    socket.set_heartbeat_ivl(CONNECTION_HEARTBEAT.as_millis() as i32)?;
    socket.set_heartbeat_timeout(CONNECTION_HEARTBEAT_TIMEOUT.as_millis() as i32)
}

fn route(identity: &[u8]) -> Option<Route> {
    match identity {
        [0, a, b, c, d] => Some(Route(u64::from(u32::from_be_bytes([*a, *b, *c, *d])))),
        _ => None,
    }
}

/// Where the socket listens: with the port that the system chose, and an address as its family writes it (libzmq tells
/// those of IPv4 as IPv6 has them).
fn bound(asked: &Endpoint, socket: &zmq::Socket) -> Endpoint {
    let told = socket.get_last_endpoint().ok().and_then(Result::ok);
    match told.and_then(|text| text.trim_end_matches('\0').parse().ok()) {
        Some(Endpoint::Tcp { host, port }) => {
            let address = host.parse::<IpAddr>().map(|address| address.to_canonical().to_string());
            Endpoint::Tcp { host: address.unwrap_or(host), port }
        }
        Some(Endpoint::Ipc(path)) => Endpoint::Ipc(path),
        None => asked.clone(),
    }
}

/// Who holds a TCP port: a master says so when it is asked.
fn in_use(endpoint: &Endpoint) -> BindError {
    let endpoint = endpoint.to_string();
    match super::dealer::ask_for_master(&endpoint, ASK_WITHIN) {
        Some(found) => BindError::AlreadyRunning { endpoint, pid: found.pid },
        None => BindError::AddressInUse { endpoint },
    }
}
