//! The sessions of peers: which connection has which, and what stands in their messages.

use super::Route;
use crate::common::Outcome;
use crate::dispatcher::{PeerKey, PeerRole};
use crate::maps::Map;
use slotmap::SecondaryMap;

/// One handshake's lifetime between a peer and the master.
pub(super) struct Session {
    pub(super) route: Route,
    /// In every message of the peer. Never used again.
    pub(super) id: u64,
    /// How it began, until the peer says something in it.
    pub(super) opening: Option<Box<Opening>>,
    /// As it said HELLO.
    pub(super) role: PeerRole,
    pub(super) software: Box<str>,
    pub(super) errand: Errand,
    /// The sequence of the last HEARTBEAT to it.
    pub(super) sequence_sent: u64,
    /// The sequence of the last HEARTBEAT from it.
    pub(super) sequence_received: u64,
    /// Ends of a client's jobs that are not yet in a message.
    pub(super) outcomes: Vec<PendingOutcome>,
}

/// The header frames of a HELLO and of the WELCOME that answers it.
pub(super) struct Opening {
    pub(super) hello: Box<[u8]>,
    pub(super) welcome: Vec<u8>,
}

/// In which session a peer says something.
pub(super) enum Spoken {
    /// In its present one.
    InIt,
    /// In one that is over, or another's.
    Elsewhere,
}

/// What a client has come for, as far as it has shown. An operator's tool is a client that only asks and orders: it comes and
/// goes by the minute where a container's health is checked with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// It has sent no job so far.
    Questions,
    /// It has sent jobs.
    Jobs,
}

/// One entry of an OUTCOMES message to be.
pub(super) struct PendingOutcome {
    pub(super) call: u64,
    pub(super) outcome: Outcome,
}

/// All sessions, by peer and by connection.
#[derive(Default)]
pub(super) struct Sessions {
    sessions: SecondaryMap<PeerKey, Session>,
    routes: Map<Route, PeerKey>,
    /// Clients with outcomes that are not yet in a message.
    pub(super) answered: Vec<PeerKey>,
}

impl Sessions {
    /// The peer at the other end of a connection.
    pub(super) fn find(&self, route: Route) -> Option<PeerKey> {
        self.routes.get(&route).copied()
    }

    pub(super) fn get(&self, peer: PeerKey) -> Option<&Session> {
        self.sessions.get(peer)
    }

    pub(super) fn get_mut(&mut self, peer: PeerKey) -> Option<&mut Session> {
        self.sessions.get_mut(peer)
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn insert(&mut self, peer: PeerKey, session: Session) {
        self.routes.insert(session.route, peer);
        self.sessions.insert(peer, session);
    }

    /// The WELCOME of a session in which nothing was said yet, if this HELLO is the one that began it: it was said again
    /// before its answer had come.
    pub(super) fn welcome_again(&self, peer: PeerKey, hello: &[u8]) -> Option<Vec<u8>> {
        let opening = self.sessions.get(peer)?.opening.as_ref()?;
        (*opening.hello == *hello).then(|| opening.welcome.clone())
    }

    /// The peer says something in this session, if it is its present one.
    pub(super) fn is_spoken_in(&mut self, peer: PeerKey, id: u64) -> Spoken {
        match self.sessions.get_mut(peer) {
            Some(session) if session.id == id => {
                session.opening = None;
                Spoken::InIt
            }
            Some(_) | None => Spoken::Elsewhere,
        }
    }

    pub(super) fn remove(&mut self, peer: PeerKey) {
        if let Some(session) = self.sessions.remove(peer) {
            self.routes.remove(&session.route);
        }
    }

    /// The connections of clients.
    pub(super) fn client_routes(&self) -> Vec<Route> {
        let clients = self.sessions.values().filter(|session| session.role == PeerRole::Client);
        clients.map(|session| session.route).collect()
    }
}
