//! The master's ROUTER socket: for peers on this machine one without threads, for others libzmq's.

use super::libzmq::Frame;
use super::libzmq::router as tcp;
use super::lock::PathLock;
use super::wakeup::Wakeup;
use super::{BindError, IpcAccess, Transport, Unreachable, clock};
use crate::desk::Route;
use crate::limiter::Limiter;
use bytes::Bytes;
use powerhose_protocol::limits::{ENTRIES_MAX, HEADER_FRAME_BYTES_MAX};
use powerhose_protocol::{CurveServer, Endpoint, Message, Reject};
use powerhose_wires as wire;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;
use tracing::warn;

/// Pieces of messages that may wait for one peer that does not read. Beyond that it counts as gone.
const UNSENT_MAX: usize = 100_000;
/// A message may be so many times as large as a frame.
const FRAMES_IN_MESSAGE: u64 = 4;
/// Messages in a row that are refused for their sender's identity before others get their turn.
const REFUSED_MAX: usize = 64;
/// What it sleeps on beside the connections of this machine.
const WAKEUP: u8 = 0;
const TCP_MESSAGES: u8 = 1;
const TCP_HINTS: [u8; 2] = [2, 3];

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

/// A bound ROUTER.
pub(crate) struct Router {
    local: wire::Router,
    tcp: Option<tcp::Router>,
    /// Whose turn it is to be received from first.
    tcp_first: bool,
    locks: Vec<PathLock>,
    endpoints: Vec<Endpoint>,
    wakeup: Arc<Wakeup>,
    limiter: Limiter,
}

/// A header frame as it came in.
pub(crate) enum Header {
    Local(Bytes),
    Tcp(Frame),
}

impl AsRef<[u8]> for Header {
    fn as_ref(&self) -> &[u8] {
        match self {
            Header::Local(bytes) => bytes,
            Header::Tcp(frame) => frame.as_ref(),
        }
    }
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
        let (on_paths, on_ports): (Vec<_>, Vec<_>) =
            endpoints.iter().partition(|endpoint| endpoint.path().is_some());
        let is_both = !on_paths.is_empty() && !on_ports.is_empty();
        let connections_max = access.connections_max / if is_both { 2 } else { 1 };
        let failed =
            |source| BindError::Io { endpoint: first.to_string(), action: "what it sleeps on", source };
        let mut router = Router {
            local: wire::Router::new(bounds(payload_bytes_max), connections_max).map_err(failed)?,
            tcp: None,
            tcp_first: false,
            locks: Vec::new(),
            endpoints: Vec::new(),
            wakeup,
            limiter: Limiter::default(),
        };
        if let Some(port) = on_ports.first() {
            let made = tcp::Router::new(access.curve.as_ref(), payload_bytes_max, connections_max);
            router.tcp =
                Some(made.map_err(|source| BindError::Socket { endpoint: port.to_string(), source })?);
        }
        endpoints.iter().try_for_each(|endpoint| router.listen(endpoint, &access))?;
        router.watch().map_err(failed)?;
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
        let bound = match (endpoint.path(), &mut self.tcp) {
            (None, Some(tcp)) => tcp.listen(endpoint)?,
            (None, None) => return Err(BindError::NoEndpoint),
            (Some(path), _) => {
                let failed =
                    |action| move |source| BindError::Io { endpoint: endpoint.to_string(), action, source };
                let mut lock = PathLock::take(path, access.ipc)?;
                self.local.listen(path).map_err(failed("the socket"))?;
                lock.restrict().map_err(failed("the socket's permissions"))?;
                self.locks.push(lock);
                endpoint.clone()
            }
        };
        self.endpoints.push(bound);
        Ok(())
    }

    /// Has whoever sleeps here woken by all that there is.
    fn watch(&mut self) -> std::io::Result<()> {
        self.local.watch(self.wakeup.as_fd(), WAKEUP)?;
        let Some(tcp) = &self.tcp else { return Ok(()) };
        let numbers = [TCP_MESSAGES].into_iter().chain(TCP_HINTS);
        tcp.descriptors()?
            .into_iter()
            .zip(numbers)
            .try_for_each(|(descriptor, number)| self.local.watch(descriptor, number))
    }

    fn receive_local(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Route, Header)> {
        for _ in 0..REFUSED_MAX {
            let wire::Received { route, header, has_identity } = self.local.receive(payloads)?;
            if !has_identity {
                return Some((Route(route.number()), Header::Local(header)));
            }
            payloads.clear();
            let _ = self.local.send(route, &identity_refused(), &[]);
        }
        None
    }

    fn receive_tcp(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Route, Header)> {
        let tcp = self.tcp.as_mut()?;
        for _ in 0..REFUSED_MAX {
            let tcp::Received { route, identity, header } = tcp.receive(payloads)?;
            if let Some(route) = route {
                return Some((route, Header::Tcp(header)));
            }
            payloads.clear();
            tcp.send_to_identity(&identity, &identity_refused());
        }
        None
    }

    fn warn_of_surplus(&mut self) {
        let too_many = self.local.take_surplus() + self.tcp.as_mut().map_or(0, tcp::Router::cut_surplus);
        if too_many > 0
            && let Some(left_out) = self.limiter.pass(clock::now())
        {
            warn!(too_many, left_out, "there are too many connections, and new ones are cut off");
        }
    }
}

impl Transport for Router {
    type Header = Header;

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Route, Header)> {
        if self.tcp.is_none() {
            return self.receive_local(payloads);
        }
        // In turn, so that a flood on one side does not drown the other.
        self.tcp_first = !self.tcp_first;
        if self.tcp_first {
            self.receive_tcp(payloads).or_else(|| self.receive_local(payloads))
        } else {
            self.receive_local(payloads).or_else(|| self.receive_tcp(payloads))
        }
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Unreachable> {
        match (is_local(route), &mut self.tcp) {
            (Some(route), _) => self.local.send(route, header, payloads).map_err(|wire::Gone| Unreachable),
            (None, Some(tcp)) => tcp.send(route, header, payloads),
            (None, None) => Err(Unreachable),
        }
    }

    fn cut(&mut self, route: Route) {
        match (is_local(route), &mut self.tcp) {
            (Some(route), _) => self.local.cut(route),
            (None, Some(tcp)) => tcp.cut(route),
            (None, None) => {}
        }
    }

    fn ended(&mut self, routes: &mut Vec<Route>) {
        routes.extend(self.local.take_ended().map(|route| Route(route.number())));
    }

    fn hints(&mut self, routes: &mut Vec<Route>) {
        if let Some(tcp) = &mut self.tcp {
            tcp.hints(routes);
        }
        self.warn_of_surplus();
    }

    fn sleep(&mut self, until: Option<Instant>) {
        if self.has_message() {
            return;
        }
        let told = self.local.sleep(until.map(|until| until.saturating_duration_since(clock::now())));
        self.wakeup.awake();
        self.wakeup.drain();
        if let Some(tcp) = &mut self.tcp
            && TCP_HINTS.into_iter().any(|hint| told.of(hint))
        {
            tcp.has_hints();
        }
    }

    fn has_message(&self) -> bool {
        self.local.has_more() || self.tcp.as_ref().is_some_and(tcp::Router::has_message)
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.local.as_fd()
    }

    fn slept_elsewhere(&mut self) {
        if let Some(tcp) = &mut self.tcp {
            tcp.has_hints();
        }
    }
}

fn bounds(payload_bytes_max: usize) -> wire::Bounds {
    let frame_bytes_max = payload_bytes_max.max(HEADER_FRAME_BYTES_MAX) as u64;
    wire::Bounds {
        frame_bytes_max,
        // One too many shows that the count is wrong.
        frames_max: ENTRIES_MAX + 1,
        message_bytes_max: frame_bytes_max.saturating_mul(FRAMES_IN_MESSAGE),
        unsent_max: UNSENT_MAX,
    }
}

/// libzmq's routes are numbers of 32 bits, those of this machine are greater.
fn is_local(route: Route) -> Option<wire::Route> {
    (route.0 > u64::from(u32::MAX)).then(|| wire::Route::from_number(route.0))
}

/// A peer that chose its identity could take another's place; it is told so, and nothing else.
fn identity_refused() -> Vec<u8> {
    let text = "leave the socket's identity (routing id) unset";
    Message::Reject(Reject { kind: 0, reference: None, code: "identity", text, retry_after_ms: None })
        .encode()
}
