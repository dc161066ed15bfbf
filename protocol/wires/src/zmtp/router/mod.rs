//! The listening end.

mod care;
mod listener;
mod looks;
mod memories;
mod peer;
mod refusals;

use crate::poll::{Poller, TOLD_MAX, Timer, Told};
use crate::shortage::Shortage;
use crate::zmtp::buffers::Buffers;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::input::Came;
use crate::zmtp::net;
use crate::zmtp::over::Over;
use crate::{Address, Bounds, Gone, Received, Route, Sharing};
use bytes::Bytes;
use listener::Listener;
use memories::Memories;
use peer::{Peer, Slot, route_of, slot_of, token};
use refusals::Refusals;
use slotmap::SlotMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;
use tracing::debug;

/// Reads in a row that may bring no whole message. Then whoever calls gets to do something else.
const READS_MAX: usize = 8;

const TIMER: u64 = TOLD_MAX;
const FIRST_LISTENER: u64 = TIMER + 1;

/// A ROUTER: many peers, each with its route.
pub struct Router {
    poller: Poller,
    timer: Timer,
    timer_runs: bool,
    listeners: Vec<Listener>,
    connections: SlotMap<Slot, Peer>,
    connections_max: usize,
    bounds: Bounds,
    sharing: Sharing,
    buffers: Buffers,
    /// What was read of `reading`.
    chunk: Chunk,
    reading: Option<Slot>,
    /// The last call gave up before it had seen all.
    interrupted: bool,
    memories: Memories,
    scratch: Vec<u8>,
    ended: Vec<Route>,
    surplus: usize,
    refusals: Refusals,
    shortage: Shortage,
}

impl Router {
    /// Listens nowhere yet.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn new(bounds: Bounds, connections_max: usize) -> io::Result<Router> {
        Router::sharing(bounds, connections_max, Sharing::Off)
    }

    /// The same, with shared memory, or not.
    ///
    /// # Errors
    /// As above.
    pub fn sharing(bounds: Bounds, connections_max: usize, sharing: Sharing) -> io::Result<Router> {
        let (poller, timer) = (Poller::new()?, Timer::new()?);
        poller.add(timer.as_fd(), TIMER)?;
        Ok(Router {
            poller,
            timer,
            timer_runs: false,
            listeners: Vec::new(),
            connections: SlotMap::with_key(),
            connections_max,
            bounds,
            sharing,
            buffers: Buffers::default(),
            chunk: Chunk::new(),
            reading: None,
            interrupted: false,
            memories: Memories::default(),
            scratch: Vec::new(),
            ended: Vec::new(),
            surplus: 0,
            refusals: Refusals::default(),
            shortage: Shortage::default(),
        })
    }

    /// Listens at this address too: a path where nothing may be, or a TCP port at all addresses that the host has. Gives the
    /// address as peers may use it: with the port that the system chose, if it was 0.
    ///
    /// # Errors
    /// What the system says: `AddrInUse` if something else has the address.
    pub fn listen(&mut self, address: impl Into<Address>) -> io::Result<Address> {
        let address = address.into();
        let (sockets, told) = match address {
            Address::Unix(path) => (vec![net::unix::listen(&path)?], Address::Unix(path)),
            Address::Tcp { host, port } => net::listen_at(&host, port, net::resolve)?,
        };
        for socket in sockets {
            self.poller.add(socket.as_fd(), FIRST_LISTENER + self.listeners.len() as u64)?;
            self.listeners.push(Listener::new(socket, &told));
        }
        Ok(told)
    }

    /// Connections that have ended since they were last asked for; everything that came over them has been received.
    pub fn take_ended(&mut self) -> impl Iterator<Item = Route> {
        self.ended.drain(..)
    }

    fn next_of_reading(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        let received = self.next_of(self.reading?, payloads);
        if received.is_none() {
            self.reading = None;
        }
        received
    }

    /// The next message of what was read of a peer.
    fn next_of(&mut self, slot: Slot, payloads: &mut Vec<Bytes>) -> Option<Received> {
        let before = payloads.len();
        loop {
            let peer = self.connections.get_mut(slot)?;
            match peer.connection.next(&mut self.chunk, payloads) {
                Ok(Some(Came::Message(header))) if peer.only_probes(&header, payloads.len() - before) => {}
                Ok(Some(Came::Message(header))) => {
                    let has_identity = peer.connection.has_identity();
                    return Some(Received { route: route_of(slot), header, has_identity });
                }
                Ok(Some(Came::Greeted)) => peer.connection.greet(&self.poller, token(slot)),
                Ok(Some(Came::Opened)) => {
                    peer.connection.answer_ready(&self.poller, token(slot));
                    peer.has_opened();
                }
                Ok(Some(Came::Answer(answer))) => {
                    let taken = peer.connection.take_answer(&self.poller, token(slot), answer, &self.chunk);
                    if let Err(violation) = taken {
                        self.end_because(slot, &violation.into());
                        return None;
                    }
                    self.memories.is_awake(slot, peer);
                }
                Ok(Some(Came::Ping(ping))) => {
                    peer.has_asked(ping.time_to_live);
                    peer.connection.answer(&self.poller, token(slot), &ping.answer);
                }
                Ok(None) => return None,
                Err(violation) => {
                    self.end_because(slot, &violation.into());
                    return None;
                }
            }
        }
    }

    fn end_because(&mut self, slot: Slot, over: &Over) {
        let Some(peer) = self.connections.get(slot) else { return };
        if self.refusals.note(&peer.connection, over) {
            self.run_timer();
        }
        debug!(route = token(slot), %over, "a connection is over");
        self.end(slot);
    }

    fn end(&mut self, slot: Slot) {
        let Some(peer) = self.connections.remove(slot) else { return };
        if self.reading == Some(slot) {
            self.reading = None;
            self.chunk.clear();
        }
        peer.connection.end(&self.poller);
        self.ended.push(route_of(slot));
    }
}

impl crate::Listener for Router {
    fn listen(&mut self, address: &Address) -> io::Result<Address> {
        Router::listen(self, address.clone())
    }

    fn listen_again(&mut self, path: &Path) -> io::Result<()> {
        Router::listen_again(self, path)
    }

    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        debug_assert!(u64::from(number) < TOLD_MAX);
        self.poller.add(descriptor, number.into())
    }

    /// None also after some reads that brought no whole message, or an end: then there is more.
    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received> {
        self.interrupted = false;
        self.memories.awake(&mut self.connections);
        for _ in 0..READS_MAX {
            if let Some(received) = self.next_of_reading(payloads) {
                return Some(received);
            }
            if !self.look_somewhere() {
                return None;
            }
            if !self.ended.is_empty() && self.reading.is_none() {
                return None;
            }
        }
        let received = self.next_of_reading(payloads);
        self.interrupted = received.is_none();
        received
    }

    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone> {
        let slot = slot_of(route);
        let peer = self.connections.get_mut(slot).ok_or(Gone)?;
        let sent = peer.connection.send(&self.poller, route.number, header, payloads, &mut self.scratch);
        if peer.connection.has_unsent() {
            self.memories.is_awake(slot, peer);
        }
        sent.map_err(|over| {
            // Who reads no more says nothing more either, and its connection would stay.
            if over.is_final() {
                self.end_because(slot, &over);
            }
            Gone
        })
    }

    fn cut(&mut self, route: Route) {
        self.end(slot_of(route));
    }

    fn ended(&mut self, routes: &mut Vec<Route>) {
        routes.append(&mut self.ended);
    }

    /// It sees each end in its place.
    fn hints(&mut self, _routes: &mut Vec<Route>) {}

    fn take_surplus(&mut self) -> usize {
        std::mem::take(&mut self.surplus)
    }

    fn refused(&self) -> u64 {
        self.refusals.total()
    }

    fn has_more(&self) -> bool {
        self.reading.is_some()
            || self.interrupted
            || self.poller.has_seen()
            || !self.ended.is_empty()
            || self.memories.will_sleep(&self.connections)
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        if self.poller.has_seen() {
            return Told::default();
        }
        // Asked also by who need not: from now on the descriptor tells.
        let at_most = if crate::Listener::has_more(self) { Some(Duration::ZERO) } else { at_most };
        self.poller.look(at_most)
    }

    /// It looks at all in any case.
    fn slept_elsewhere(&mut self) {}
}

impl AsFd for Router {
    /// Readable when there is something to receive, an end to be told, or a watched descriptor is readable.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}

#[cfg(test)]
impl Router {
    pub(crate) fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.connections.values().map(|peer| peer.connection.socket())
    }
}

#[cfg(test)]
mod tests;
