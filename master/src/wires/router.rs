//! The wires on which a master listens, side by side, and the wake-up that it sleeps over too.

use super::paths::{HeldPath, HeldPaths, Outlook};
use super::{BindError, IpcAccess, clock};
use bytes::Bytes;
use powerhose_protocol::{
    CurveServer, Endpoint, Greeter, Kind, Limiter, Message, ROLE_CLIENT, Reject, decode,
};
use powerhose_wires::choice::{self, Encryption, Wire};
use powerhose_wires::{Bounds, Gone, Listener, Listeners, Received, Route, Wakeup};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::warn;

/// Messages in a row that are refused for their sender's identity before others get their turn.
const REFUSED_MAX: usize = 64;
const WAKEUP: u8 = 0;
/// How long it is asked who holds an endpoint.
const ASK_WITHIN: Duration = Duration::from_millis(500);
/// What a peer is told that chose its identity.
const NO_IDENTITY: &str =
    "leave the socket's routing id (ZMQ_IDENTITY, ZMQ_ROUTING_ID) unset: sessions tell peers apart";
/// How somebody introduces itself who only wants to know whether a master is there.
const ASKER: &str = concat!("powerhose-master/", env!("CARGO_PKG_VERSION"), " asks who is there");

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

/// Where a master listens.
pub(crate) struct Router {
    listener: Box<dyn Listener>,
    /// They keep other masters off the paths on which it listens.
    paths: HeldPaths,
    endpoints: Vec<Endpoint>,
    wakeup: Arc<Wakeup>,
    limiter: Limiter,
    /// Peers that it refused itself: for their routing id, or because there are too many.
    refused: u64,
}

impl Router {
    /// Listens on every endpoint, or on none.
    pub(crate) fn bind(
        endpoints: &[Endpoint],
        access: &Access,
        payload_bytes_max: usize,
        wakeup: Arc<Wakeup>,
    ) -> Result<Router, BindError> {
        let first = endpoints.first().ok_or(BindError::NoEndpoint)?;
        let failed = |source| failed(first, "what it sleeps on")(source);
        let wires = wires(endpoints, access)?;
        let mut kinds = wires.clone();
        kinds.sort_unstable();
        kinds.dedup();
        let connections_max = access.connections_max / kinds.len();
        let mut listeners = Vec::new();
        for wire in &kinds {
            let bounds = Bounds::of_master(payload_bytes_max);
            listeners.push(wire.listener(bounds, connections_max, access.curve.as_ref()).map_err(failed)?);
        }
        let (mut paths, mut bound) = (Vec::new(), Vec::new());
        for (endpoint, wire) in endpoints.iter().zip(wires) {
            let place = kinds.iter().position(|kind| *kind == wire).unwrap_or_default();
            let (at, path) = listen(&mut *listeners[place], endpoint, access)?;
            bound.push(at);
            paths.extend(path);
        }
        let listener = Listeners::together(listeners).map_err(failed)?;
        let mut router = Router::over(listener, wakeup).map_err(failed)?;
        router.endpoints = bound;
        router.paths = HeldPaths::of(paths, clock::now());
        Ok(router)
    }

    /// Over this wire, which listens already.
    pub(crate) fn over(mut listener: Box<dyn Listener>, wakeup: Arc<Wakeup>) -> io::Result<Router> {
        listener.watch(wakeup.as_fd(), WAKEUP)?;
        let (paths, endpoints) = (HeldPaths::default(), Vec::new());
        Ok(Router { listener, paths, endpoints, wakeup, limiter: Limiter::default(), refused: 0 })
    }

    /// Where it listens; a port that the system chose is filled in.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// What others see of the paths on which it listens.
    pub(crate) fn outlook(&self) -> Outlook {
        self.paths.outlook()
    }

    /// When to [look after its paths](Router::look_after_paths) next.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        self.paths.next_look()
    }

    /// If it is time, looks whether its sockets are still where peers look for them, and listens again where they are not.
    pub(crate) fn look_after_paths(&mut self, now: Instant) {
        self.paths.look(now, |path| self.listener.listen_again(path));
    }

    /// The next message, if one is there. Its payload frames are put into `payloads`, which is empty before.
    pub(crate) fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Route, Bytes)> {
        for _ in 0..REFUSED_MAX {
            let Received { route, header, has_identity } = self.listener.receive(payloads)?;
            if !has_identity {
                return Some((route, header));
            }
            payloads.clear();
            self.refused += 1;
            let _ = self.listener.send(route, &identity_refused(), &[]);
            if let Some(left_out) = self.limiter.pass(clock::now()) {
                warn!(%route, text = NO_IDENTITY, left_out, "refused a peer that chose its routing id");
            }
        }
        None
    }

    /// Hands a message over; never waits.
    pub(crate) fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone> {
        self.listener.send(route, header, payloads)
    }

    /// Ends a connection, if it is still there.
    pub(crate) fn cut(&mut self, route: Route) {
        self.listener.cut(route);
    }

    /// Connections that have ended since the last call; all that came over them has been received.
    pub(crate) fn ended(&mut self, routes: &mut Vec<Route>) {
        self.listener.ended(routes);
    }

    /// Connections that may have ended since the last call, perhaps before all that came over them was received; a busy loop
    /// may be told a few turns later.
    pub(crate) fn hints(&mut self, routes: &mut Vec<Route>) {
        self.listener.hints(routes);
        self.warn_of_surplus();
    }

    /// How many peers never got as far as a message: they broke ZMTP, chose a routing id, or were too many.
    pub(crate) fn refused(&self) -> u64 {
        self.refused + self.listener.refused()
    }

    /// Sleeps until a message, an end or a hint is there, somebody uses the wake-up, or it is `until`.
    pub(crate) fn sleep(&mut self, until: Option<Instant>) {
        if self.has_message() {
            return;
        }
        self.listener.sleep(until.map(|until| until.saturating_duration_since(clock::now())));
        self.wakeup.awake();
        self.wakeup.drain();
    }

    /// Whether a message or an end is there that the descriptor does not tell, because it came while something was sent.
    pub(crate) fn has_message(&self) -> bool {
        self.listener.has_more()
    }

    /// Readable when a message, an end or a hint has come since the last look, or somebody used the wake-up.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Somebody else slept on the descriptor: anything may have happened.
    pub(crate) fn slept_elsewhere(&mut self) {
        self.listener.slept_elsewhere();
    }

    fn warn_of_surplus(&mut self) {
        let too_many = self.listener.take_surplus();
        self.refused += too_many as u64;
        if too_many > 0
            && let Some(left_out) = self.limiter.pass(clock::now())
        {
            warn!(too_many, left_out, "there are too many connections, and new ones are cut off");
        }
    }
}

/// Which wire each endpoint goes over.
fn wires(endpoints: &[Endpoint], access: &Access) -> Result<Vec<Wire>, BindError> {
    let encryption = if access.curve.is_some() { Encryption::Curve } else { Encryption::None };
    endpoints
        .iter()
        .map(|endpoint| Wire::of(endpoint, encryption).map_err(failed(endpoint, "its wire")))
        .collect()
}

fn listen(
    listener: &mut dyn Listener,
    endpoint: &Endpoint,
    access: &Access,
) -> Result<(Endpoint, Option<HeldPath>), BindError> {
    if access.tcp == TcpPolicy::LoopbackOnly && !endpoint.is_local() {
        return Err(BindError::Insecure { endpoint: endpoint.to_string() });
    }
    let Some(path) = endpoint.path() else {
        return match listener.listen(&endpoint.into()) {
            Ok(bound) => Ok((bound.into(), None)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(in_use(endpoint)),
            Err(error) => Err(failed(endpoint, "the port")(error)),
        };
    };
    let mut held = HeldPath::take(path, access.ipc).map_err(|error| match error {
        BindError::AddressInUse { .. } => in_use(endpoint),
        error => error,
    })?;
    listener.listen(&endpoint.into()).map_err(failed(endpoint, "the socket"))?;
    held.restrict().map_err(failed(endpoint, "the socket's permissions"))?;
    Ok((endpoint.clone(), Some(held)))
}

fn failed(endpoint: &Endpoint, action: &'static str) -> impl FnOnce(io::Error) -> BindError {
    let endpoint = endpoint.to_string();
    move |source| BindError::Io { endpoint, action, source }
}

/// Who holds a TCP port, or a path whose lock file has gone: a master says so when it is asked.
fn in_use(at: &Endpoint) -> BindError {
    let endpoint = at.to_string();
    match ask_for_master(at) {
        Some(found) => BindError::AlreadyRunning { endpoint, pid: found.pid },
        None => BindError::AddressInUse { endpoint },
    }
}

/// A master that answered.
struct Found {
    /// Its process id, if it tells.
    pid: Option<u32>,
}

/// The master at an endpoint, if one answers in time.
fn ask_for_master(endpoint: &Endpoint) -> Option<Found> {
    let mut link = choice::connect(endpoint, None, Bounds::of_peer()).ok()?;
    let hello = Greeter::new(ROLE_CLIENT, ASKER.to_owned(), None).hello();
    let until = clock::now() + ASK_WITHIN;
    let (mut payloads, mut has_asked) = (Vec::new(), false);
    loop {
        if let Some(header) = link.receive(&mut payloads) {
            return found(&header);
        }
        has_asked = has_asked || link.send(&hello, &[]).is_ok();
        let left = until.saturating_duration_since(clock::now());
        if left.is_zero() {
            return None;
        }
        link.sleep(Some(left));
    }
}

fn found(answer: &[u8]) -> Option<Found> {
    match decode(answer, 0).ok()? {
        Message::Welcome(welcome) => Some(Found { pid: u32::try_from(welcome.pid).ok() }),
        // It tells strangers nothing, but it is there.
        Message::Challenge(_) | Message::Reject(_) => Some(Found { pid: None }),
        _ => None,
    }
}

/// A peer that chose its identity could take another's place; it is told so, and nothing else. Whatever it sent, it is its
/// HELLO that can have no success.
fn identity_refused() -> Vec<u8> {
    let (kind, code, text) = (Kind::Hello as u64, "identity", NO_IDENTITY);
    Message::Reject(Reject { kind, reference: None, code, text, retry_after_ms: None }).encode()
}
