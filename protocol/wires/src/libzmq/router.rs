//! The listening end.

use super::binding::bind;
use super::capacity::Capacity;
use super::connection::{Connections, Number};
use super::curve::{self, Doorkeeper};
use super::frame::{self, Frame, More};
use super::monitor::{Happened, Monitor};
use super::sleep::Sleep;
use crate::poll::Told;
use crate::{Address, Bounds, Gone, Listener, Received, Route};
use bytes::{Bytes, BytesMut};
use powerhose_protocol::CurveServer;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// libzmq's own routing ids: a zero byte and a counter.
const IDENTITY_BYTES: usize = 5;
/// ZMTP heartbeats notice connections whose other end stopped; only the ROUTER sends them.
const CONNECTION_HEARTBEAT: Duration = Duration::from_secs(1);
const CONNECTION_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);

/// A ROUTER: many peers, each with its route.
pub struct Router {
    // Dropped in this order: sockets before their context.
    monitor: Monitor,
    doorkeeper: Option<Doorkeeper>,
    socket: zmq::Socket,
    sleep: Sleep,
    frames_max: usize,
    /// Memory of small frames.
    small: BytesMut,
    /// Something was sent or received since the socket was last found empty: what came meanwhile, its descriptor does not tell.
    untold: bool,
    connections: Connections,
    capacity: Capacity,
    addresses: Vec<Address>,
    /// Connections that ended, of which nobody was told yet.
    ended: Vec<Number>,
    named: Named,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Something,
}

/// The sender of the last message, if it chose its identity. It has no number, so that it gets one here, greater than all of
/// libzmq's, until the next message.
#[derive(Default)]
struct Named {
    identity: Option<Frame>,
    number: u64,
}

impl Named {
    fn number(&mut self, identity: Frame) -> u64 {
        self.identity = Some(identity);
        self.number = (self.number + 1) | (1 << Number::BITS);
        self.number
    }

    fn identity(&self, number: u64) -> Option<&Frame> {
        self.identity.as_ref().filter(|_| number == self.number)
    }
}

impl Router {
    /// Listens nowhere yet. With keys, everything is encrypted.
    ///
    /// # Errors
    /// The system has no descriptor left, or this libzmq cannot encrypt.
    pub fn new(bounds: Bounds, connections_max: usize, keys: Option<&CurveServer>) -> io::Result<Router> {
        let context = zmq::Context::new();
        let socket = context.socket(zmq::ROUTER)?;
        configure(&socket, bounds)?;
        let monitor = Monitor::watch(&context, &socket)?;
        let doorkeeper = keys.map(|keys| Doorkeeper::stand(&context, keys)).transpose()?;
        if let Some(keys) = keys {
            curve::encrypt(&socket, keys)?;
        }
        let hinting = [monitor.socket()].into_iter().chain(doorkeeper.iter().map(Doorkeeper::socket));
        let sleep = Sleep::on(&socket, hinting)?;
        Ok(Router {
            monitor,
            doorkeeper,
            socket,
            sleep,
            frames_max: bounds.frames_max,
            small: BytesMut::new(),
            untold: false,
            connections: Connections::default(),
            capacity: Capacity::new(connections_max)?,
            addresses: Vec::new(),
            ended: Vec::new(),
            named: Named::default(),
        })
    }

    fn remember(&mut self, number: Number, header: &mut Frame) {
        if self.connections.is_certain(number) {
            return;
        }
        if let Some(descriptor) = header.descriptor() {
            self.connections.heard(number, descriptor);
        }
    }

    /// The next message, and what its sender is known to have said before it.
    fn next(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Received, Said)> {
        self.named.identity = None;
        let Some(identity) = frame::receive(&self.socket) else {
            self.untold = false;
            self.connections.nothing_unread();
            return None;
        };
        self.untold = true;
        let mut header = frame::receive(&self.socket)?;
        frame::receive_rest(&self.socket, &header, self.frames_max, &mut self.small, payloads);
        let number = number(identity.as_ref());
        let is_known = number.is_some_and(|number| self.connections.is_known(number));
        let said = if is_known { Said::Something } else { Said::Nothing };
        if let Some(number) = number {
            self.remember(number, &mut header);
        }
        let route = number.map_or_else(|| self.named.number(identity), u64::from);
        let header = header.into_bytes(&mut self.small);
        Some((Received { route: Route::new(0, route), header, has_identity: number.is_none() }, said))
    }

    fn ask_monitor(&mut self) {
        while let Some(happened) = self.monitor.next() {
            match happened {
                Happened::Accepted(descriptor) => self.capacity.accepted(descriptor),
                Happened::NotAccepted(error) => self.capacity.not_accepted(&error),
                Happened::Ended(descriptor) => {
                    self.capacity.ended(descriptor);
                    self.connections.ended(descriptor, &mut self.ended);
                }
            }
        }
    }
}

impl Listener for Router {
    fn listen(&mut self, address: &Address) -> io::Result<Address> {
        let bound = bind(&self.socket, address)?;
        self.addresses.push(bound.clone());
        Ok(bound)
    }

    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        self.sleep.watch(descriptor, number)
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        loop {
            let before = payloads.len();
            let (received, said) = self.next(payloads)?;
            // As sockets do at once that probe routers: it only says that it is there.
            let is_empty = received.header.is_empty() && payloads.len() == before;
            if said == Said::Something || !is_empty {
                return Some(received);
            }
        }
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone> {
        self.untold = true;
        // Only the first frame can fail: once the identity is accepted, libzmq takes the whole message.
        let begun = match Number::try_from(route.number) {
            Ok(number) => {
                let mut identity = [0; IDENTITY_BYTES];
                identity[1..].copy_from_slice(&number.to_be_bytes());
                frame::send_copy(&self.socket, &identity, More::Follow)
            }
            Err(_) => {
                let identity = self.named.identity(route.number).ok_or(Gone)?;
                frame::send_copy(&self.socket, identity.as_ref(), More::Follow)
            }
        };
        begun.and_then(|()| frame::send_all(&mut self.socket, header, payloads)).map_err(|_| Gone)
    }

    fn cut(&mut self, route: Route) {
        // It may have ended, and another may have its descriptor.
        self.ask_monitor();
        if let Ok(number) = Number::try_from(route.number) {
            self.connections.cut(number);
        }
    }

    fn ended(&mut self, _routes: &mut Vec<Route>) {
        // Its monitor tells of an end at another place than in the order of the messages.
    }

    fn hints(&mut self, routes: &mut Vec<Route>) {
        if self.sleep.asks_for_hints() {
            if let Some(doorkeeper) = &self.doorkeeper {
                doorkeeper.answer();
            }
            self.ask_monitor();
        }
        routes.extend(self.ended.drain(..).map(|number| Route::new(0, number.into())));
    }

    fn take_surplus(&mut self) -> usize {
        self.capacity.cut_surplus(&self.addresses)
    }

    fn has_more(&self) -> bool {
        // Who heard of an end while cutting has yet to tell it.
        !self.ended.is_empty() || self.untold && frame::events(&self.socket).contains(zmq::POLLIN)
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        self.sleep.sleep(at_most)
    }

    fn slept_elsewhere(&mut self) {
        self.sleep.slept_elsewhere();
    }
}

impl AsFd for Router {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sleep.as_fd()
    }
}

fn configure(socket: &zmq::Socket, bounds: Bounds) -> zmq::Result<()> {
    super::sleep::configure(socket, bounds)?;
    socket.set_router_mandatory(true)?;
    socket.set_sndhwm(i32::try_from(bounds.unsent_max).unwrap_or(i32::MAX))?;
    socket.set_heartbeat_ivl(CONNECTION_HEARTBEAT.as_millis() as i32)?;
    socket.set_heartbeat_timeout(CONNECTION_HEARTBEAT_TIMEOUT.as_millis() as i32)
}

fn number(identity: &[u8]) -> Option<Number> {
    match identity {
        [0, a, b, c, d] => Some(Number::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}
