//! The master's ROUTER socket.

use super::bind_error::BindError;
use super::capacity::Capacity;
use super::clock;
use super::connection::Connections;
use super::curve::{self, Doorkeeper};
use super::frame::{self, Frame, More};
use super::lock::PathLock;
use super::monitor::{Happened, Monitor};
use super::rest::{Rest, Told};
use super::wakeup::Wakeup;
use super::{IpcAccess, Transport, Unreachable};
use crate::dispatcher::Route;
use crate::limiter::Limiter;
use bytes::Bytes;
use powerhose_protocol::limits::{ENTRIES_MAX, HEADER_FRAME_BYTES_MAX};
use powerhose_protocol::{CurveServer, Endpoint, Message, Reject};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::warn;

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

/// Which connections other than loopback a master accepts over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TcpPolicy {
    /// None.
    LoopbackOnly,
    /// Any: peers must prove themselves.
    Authenticated,
    /// Any: whoever reaches the port is trusted.
    Insecure,
}

/// Who may connect.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) tcp: TcpPolicy,
    pub(crate) ipc: IpcAccess,
    /// With keys, every TCP endpoint is encrypted.
    pub(crate) curve: Option<CurveServer>,
    /// Connections at once.
    pub(crate) connections_max: usize,
}

/// A bound ROUTER with its monitor.
pub(crate) struct Router {
    // Dropped in this order: sockets before their context.
    monitor: Monitor,
    doorkeeper: Option<Doorkeeper>,
    socket: zmq::Socket,
    locks: Vec<PathLock>,
    endpoints: Vec<Endpoint>,
    rest: Rest,
    /// Something was sent since the socket was last found empty: what came meanwhile, its descriptor does not tell.
    sent: bool,
    /// In how many turns the monitor and the doorkeeper are looked at, unless the descriptors tell of something.
    hints_in: u32,
    connections: Connections,
    capacity: Capacity,
    limiter: Limiter,
    /// Connections that ended, of which nobody was told yet.
    ended: Vec<Route>,
}

impl Router {
    /// Listens on every endpoint, or on none.
    pub(crate) fn bind(
        endpoints: &[Endpoint],
        access: Access,
        payload_bytes_max: usize,
        wakeup: Arc<Wakeup>,
    ) -> Result<Router, BindError> {
        let first = endpoints.first().ok_or(BindError::NoEndpoint)?;
        let failed = |source| BindError::Socket { endpoint: first.to_string(), source };
        let context = zmq::Context::new();
        let socket = context.socket(zmq::ROUTER).map_err(failed)?;
        configure(&socket, payload_bytes_max).map_err(failed)?;
        let monitor = Monitor::watch(&context, &socket).map_err(failed)?;
        let stand = |server| Doorkeeper::stand(&context, server).map_err(failed);
        let doorkeeper = access.curve.as_ref().map(stand).transpose()?;
        let hints: Vec<_> =
            [monitor.socket()].into_iter().chain(doorkeeper.as_ref().map(Doorkeeper::socket)).collect();
        let rest = Rest::over(&socket, &hints, wakeup).map_err(|source| BindError::Io {
            endpoint: first.to_string(),
            action: "what it sleeps on",
            source,
        })?;
        let mut router = Router {
            rest,
            sent: false,
            hints_in: 0,
            monitor,
            doorkeeper,
            socket,
            locks: Vec::new(),
            endpoints: Vec::new(),
            connections: Connections::default(),
            capacity: Capacity::new(access.connections_max),
            limiter: Limiter::default(),
            ended: Vec::new(),
        };
        endpoints.iter().try_for_each(|endpoint| router.listen(endpoint, &access))?;
        Ok(router)
    }

    /// Where it listens; a port that the system chose is filled in.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    fn listen(&mut self, endpoint: &Endpoint, access: &Access) -> Result<(), BindError> {
        if access.tcp == TcpPolicy::LoopbackOnly && !endpoint.is_local() {
            return Err(BindError::Insecure { endpoint: endpoint.to_string() });
        }
        let lock = endpoint.path().map(|path| PathLock::take(path, access.ipc)).transpose()?;
        self.bind_one(endpoint, access.curve.as_ref()).map_err(|source| match source {
            zmq::Error::EADDRINUSE => in_use(endpoint),
            source => BindError::Socket { endpoint: endpoint.to_string(), source },
        })?;
        if let Some(mut lock) = lock {
            lock.restrict().map_err(|source| BindError::Io {
                endpoint: endpoint.to_string(),
                action: "the socket's permissions",
                source,
            })?;
            self.locks.push(lock);
        }
        self.endpoints.push(bound(endpoint, &self.socket));
        Ok(())
    }

    /// ZeroMQ keeps for each endpoint what held when it was bound.
    fn bind_one(&self, endpoint: &Endpoint, curve: Option<&CurveServer>) -> zmq::Result<()> {
        match curve {
            Some(server) if endpoint.path().is_none() => curve::encrypt(&self.socket, server)?,
            Some(_) => curve::leave_plain(&self.socket)?,
            None => {}
        }
        self.socket.bind(&endpoint.to_string())
    }

    /// The next message's route and header; its payloads go to `payloads`.
    fn receive_one(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Option<Route>, Frame, Frame)> {
        let identity = frame::receive(&self.socket)?;
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
        Some((route, identity, header))
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
        let too_many = self.capacity.cut_surplus(&self.endpoints);
        if too_many > 0
            && let Some(left_out) = self.limiter.pass(clock::now())
        {
            warn!(too_many, left_out, "there are too many connections, and new ones are cut off");
        }
    }

    /// A peer that set its own identity could take another's place; it is told so, and nothing else.
    fn refuse_identity(&mut self, identity: &Frame) {
        let text = "leave the socket's identity (routing id) unset";
        let reject = Reject { kind: 0, reference: None, code: "identity", text, retry_after_ms: None };
        if frame::send_copy(&self.socket, identity.as_ref(), More::Follow).is_ok() {
            let _ = frame::send_copy(&self.socket, &Message::Reject(reject).encode(), More::Last);
        }
    }
}

impl Transport for Router {
    type Header = Frame;

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Route, Frame)> {
        loop {
            let Some(received) = self.receive_one(payloads) else {
                self.sent = false;
                self.connections.nothing_unread();
                return None;
            };
            match received {
                (Some(route), _, header) => return Some((route, header)),
                (None, identity, _) => {
                    payloads.clear();
                    self.refuse_identity(&identity);
                }
            }
        }
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Unreachable> {
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

    fn cut(&mut self, route: Route) {
        // It may have ended, and another may have its descriptor.
        self.ask_monitor();
        self.connections.cut(route);
    }

    fn hints(&mut self, routes: &mut Vec<Route>) {
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

    fn sleep(&mut self, until: Option<Instant>) {
        if self.has_message() {
            return;
        }
        if self.rest.sleep(until) == Told::Hints {
            self.hints_in = 0;
        }
    }

    fn has_message(&self) -> bool {
        // Who heard of an end while cutting has yet to tell it.
        !self.ended.is_empty() || self.sent && frame::is_there(&self.socket)
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.rest.as_fd()
    }

    fn slept_elsewhere(&mut self) {
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
