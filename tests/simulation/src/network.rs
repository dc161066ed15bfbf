//! Connections as ZeroMQ makes them: within one, messages keep their order and arrive at most once; between two there
//! is no order. With a connection is lost what is under way, and for a moment both ends may not know it.

use crate::process::ProcessId;
use bytes::Bytes;
use powerhose::desk::Route;
use powerhose_harness::Draws;
use powerhose_protocol::decode;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How long the master's socket waits for a sign of life from the other end of a connection.
pub(crate) const SILENT_CONNECTION: Duration = Duration::from_secs(3);
/// How long messages to a dead peer seem to go out, at most.
const FALSE_SUCCESS_MAX: Duration = Duration::from_micros(1500);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToMaster,
    ToPeer,
}

/// A message: its header frame and its payload frames.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) header: Vec<u8>,
    pub(crate) payloads: Vec<Bytes>,
}

impl Packet {
    /// For people.
    pub(crate) fn describe(&self) -> String {
        match decode(&self.header, self.payloads.len()) {
            Ok(message) => format!("{message:?}"),
            Err(error) => format!("{} bytes that cannot be read: {error}", self.header.len()),
        }
    }
}

/// Whether a socket took a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It did, and says when to look whether it arrives.
    Arriving(Instant),
    /// It did, and no peer will ever see it.
    Swallowed,
    /// There is no connection for it.
    Refused,
}

/// A message under way.
#[derive(Debug)]
struct Flying {
    arrives: Instant,
    /// Which of all messages it is.
    number: u64,
    packet: Packet,
}

/// A message that arrives, and whether one that was sent after it, over another connection, came before it.
pub(crate) struct Arrival {
    pub(crate) packet: Packet,
    pub(crate) is_overtaken: bool,
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Lane {
    flying: VecDeque<Flying>,
    last: Option<Instant>,
}

impl Lane {
    fn push(&mut self, at: Instant, number: u64, packet: Packet) -> Instant {
        let arrives = self.last.map_or(at, |last| last.max(at));
        self.last = Some(arrives);
        self.flying.push_back(Flying { arrives, number, packet });
        arrives
    }

    /// All but the first few are lost; tells how many were.
    fn cut(&mut self, random: &mut Draws) -> usize {
        let kept = random.below(self.flying.len() as u64 + 1) as usize;
        let lost = self.flying.len() - kept;
        self.flying.truncate(kept);
        lost
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: ProcessId,
    pub(crate) route: Route,
    to_master: Lane,
    to_peer: Lane,
    /// Once it has ended: until when the master's messages seem to go out.
    ended: Option<Instant>,
    /// Whether the peer's end still takes messages.
    pub(crate) peer_believes: bool,
    /// Until when nothing arrives, as if a cable were out.
    interrupted_until: Option<Instant>,
    /// How many further messages of the master are refused although the connection lives, as its pipe is full.
    full: u32,
}

/// All connections between the peers and the present master.
#[derive(Default)]
pub(crate) struct Network {
    connections: BTreeMap<ConnectionId, Connection>,
    routes: BTreeMap<Route, ConnectionId>,
    last: u64,
    sent: u64,
    /// The latest message that arrived.
    arrived: u64,
    pub(crate) delay_max: Duration,
}

impl Network {
    /// No connections; a message travels this long at most.
    pub(crate) fn new(delay_max: Duration) -> Network {
        Network { delay_max, ..Network::default() }
    }

    pub(crate) fn connect(&mut self, peer: ProcessId) -> ConnectionId {
        self.last += 1;
        let (id, route) = (ConnectionId(self.last), Route::new(0, self.last));
        let connection = Connection {
            peer,
            route,
            to_master: Lane::default(),
            to_peer: Lane::default(),
            ended: None,
            peer_believes: true,
            interrupted_until: None,
            full: 0,
        };
        self.connections.insert(id, connection);
        self.routes.insert(route, id);
        id
    }

    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// The connection of a route.
    pub(crate) fn routed(&self, route: Route) -> Option<(ConnectionId, &Connection)> {
        let id = *self.routes.get(&route)?;
        self.connections.get(&id).map(|connection| (id, connection))
    }

    pub(crate) fn send_to_master(
        &mut self,
        now: Instant,
        id: ConnectionId,
        packet: Packet,
        random: &mut Draws,
    ) -> Taken {
        let delay = random.duration_up_to(self.delay_max);
        let Some(connection) = self.connections.get_mut(&id) else { return Taken::Refused };
        if !connection.peer_believes {
            return Taken::Refused;
        }
        if connection.ended.is_some() {
            return Taken::Swallowed;
        }
        let at = connection.interrupted_until.map_or(now, |until| until.max(now)) + delay;
        self.sent += 1;
        Taken::Arriving(connection.to_master.push(at, self.sent, packet))
    }

    pub(crate) fn send_to_peer(
        &mut self,
        now: Instant,
        route: Route,
        packet: Packet,
        random: &mut Draws,
    ) -> Taken {
        let delay = random.duration_up_to(self.delay_max);
        let Some(connection) = self.routes.get(&route).and_then(|id| self.connections.get_mut(id)) else {
            return Taken::Refused;
        };
        if connection.full > 0 {
            connection.full -= 1;
            return Taken::Refused;
        }
        match connection.ended {
            Some(until) if now < until => return Taken::Swallowed,
            Some(_) => return Taken::Refused,
            None => {}
        }
        let at = connection.interrupted_until.map_or(now, |until| until.max(now)) + delay;
        self.sent += 1;
        Taken::Arriving(connection.to_peer.push(at, self.sent, packet))
    }

    /// The message that arrives now, if it was not lost.
    pub(crate) fn arrival(&mut self, now: Instant, id: ConnectionId, way: Way) -> Option<Arrival> {
        let connection = self.connections.get_mut(&id)?;
        let lane = match way {
            Way::ToMaster => &mut connection.to_master,
            Way::ToPeer => &mut connection.to_peer,
        };
        if lane.flying.front()?.arrives > now {
            return None;
        }
        let Flying { number, packet, .. } = lane.flying.pop_front()?;
        let is_overtaken = number < self.arrived;
        self.arrived = self.arrived.max(number);
        Some(Arrival { packet, is_overtaken })
    }

    /// A connection ends, with what is under way. Tells how many messages were lost; none if it had ended before.
    pub(crate) fn end(&mut self, now: Instant, id: ConnectionId, random: &mut Draws) -> Option<usize> {
        let connection = self.connections.get_mut(&id).filter(|connection| connection.ended.is_none())?;
        connection.ended = Some(now + random.duration_up_to(FALSE_SUCCESS_MAX));
        Some(connection.to_master.cut(random) + connection.to_peer.cut(random))
    }

    /// When the last message arrives that a peer has sent over this connection and that was not lost.
    pub(crate) fn last_arrival(&self, id: ConnectionId) -> Option<Instant> {
        self.connections.get(&id)?.to_master.flying.back().map(|flying| flying.arrives)
    }

    /// Nothing arrives any more at the peer's end: its process is dead.
    pub(crate) fn bury_peer(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.peer_believes = false;
            connection.to_peer.flying.clear();
        }
    }

    /// The peer's end is closed: what has not arrived until now never will.
    pub(crate) fn peer_learns(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.peer_believes = false;
            connection.to_peer.flying.clear();
        }
    }

    /// A cable is out for so long: what is sent meanwhile arrives after it, if the connection is still there.
    pub(crate) fn interrupt(&mut self, id: ConnectionId, until: Instant) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.interrupted_until = Some(until);
        }
    }

    /// The pipe to this peer takes no more, for so many messages.
    pub(crate) fn fill(&mut self, id: ConnectionId, messages: u32) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.full = messages;
        }
    }

    /// The faults stop: cables are in, pipes are empty.
    pub(crate) fn heal(&mut self) {
        self.connections.values_mut().for_each(|connection| connection.full = 0);
    }

    /// The master is gone, and with it its end of every connection.
    pub(crate) fn master_died(&mut self, now: Instant, random: &mut Draws) -> Vec<ConnectionId> {
        let open: Vec<_> =
            self.connections.iter().filter(|(_, one)| one.ended.is_none()).map(|(id, _)| *id).collect();
        for id in &open {
            self.end(now, *id, random);
        }
        for connection in self.connections.values_mut() {
            connection.to_master.flying.clear();
            connection.ended = Some(now);
        }
        open
    }

    /// Connections that have not ended.
    pub(crate) fn open(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.connections.iter().filter(|(_, one)| one.ended.is_none()).map(|(id, one)| (*id, one))
    }

    /// Forgets connections that have ended and on which nothing is under way.
    pub(crate) fn forget_ended(&mut self, now: Instant) {
        let past = |one: &Connection| {
            one.ended.is_some_and(|until| until <= now)
                && !one.peer_believes
                && one.to_master.flying.is_empty()
                && one.to_peer.flying.is_empty()
        };
        self.connections.retain(|_, one| !past(one));
        let connections = &self.connections;
        self.routes.retain(|_, id| connections.contains_key(id));
    }
}
