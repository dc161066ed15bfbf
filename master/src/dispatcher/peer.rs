//! A peer that has said HELLO: a worker, or a client.

use super::event::Route;
use super::job::JobKey;
use super::worker::Worker;
use crate::maps::Map;
use crate::timers::TimerKey;
use slotmap::{SlotMap, new_key_type};
use std::time::Instant;

new_key_type! {
    /// Names one session: one handshake's lifetime between a peer and the master.
    pub(crate) struct PeerKey;
}

pub(crate) struct Peer {
    pub(crate) route: Option<Route>,
    /// In every message of the peer. Never used again.
    pub(crate) session: u64,
    /// The worker's id, or the high bits of the ids of a client's jobs.
    pub(crate) number: u64,
    pub(crate) software: Box<str>,
    pub(crate) last_heard: Instant,
    /// The sequence of the last HEARTBEAT to it.
    pub(crate) sequence_sent: u64,
    /// The sequence of the last HEARTBEAT from it.
    pub(crate) sequence_received: u64,
    pub(crate) suspicion: Option<Suspicion>,
    pub(crate) role: Role,
}

/// A connection that may be gone is probed until a probe fails or the peer answers.
pub(crate) struct Suspicion {
    /// How many probes were sent.
    pub(crate) probes: usize,
    /// When the next one goes out.
    pub(crate) timer: TimerKey,
}

/// What a peer is, and what is known of it as such.
pub(crate) enum Role {
    /// A worker that has not registered yet.
    Candidate,
    /// A worker.
    Worker(Box<Worker>),
    /// A client.
    Client(Client),
}

/// A client, or the callers in the master's own process.
#[derive(Default)]
pub(crate) struct Client {
    /// Its calls that have not ended.
    pub(crate) jobs: Map<u64, JobKey>,
    /// Ends that are not yet in a message.
    pub(crate) outcomes: Vec<PendingOutcome>,
}

/// One entry of an OUTCOMES message to be.
pub(crate) struct PendingOutcome {
    pub(crate) call: u64,
    pub(crate) outcome: super::event::Outcome,
}

impl Peer {
    pub(crate) fn worker(&self) -> Option<&Worker> {
        match &self.role {
            Role::Worker(worker) => Some(worker),
            Role::Candidate | Role::Client(_) => None,
        }
    }

    pub(crate) fn worker_mut(&mut self) -> Option<&mut Worker> {
        match &mut self.role {
            Role::Worker(worker) => Some(worker),
            Role::Candidate | Role::Client(_) => None,
        }
    }

    pub(crate) fn client_mut(&mut self) -> Option<&mut Client> {
        match &mut self.role {
            Role::Client(client) => Some(client),
            Role::Candidate | Role::Worker(_) => None,
        }
    }
}

/// All sessions, by key and by connection.
#[derive(Default)]
pub(crate) struct Peers {
    peers: SlotMap<PeerKey, Peer>,
    routes: Map<Route, PeerKey>,
    pub(crate) workers: usize,
    pub(crate) clients: usize,
}

impl Peers {
    /// The session on a connection.
    pub(crate) fn find(&self, route: Route) -> Option<PeerKey> {
        self.routes.get(&route).copied()
    }

    pub(crate) fn get(&self, key: PeerKey) -> Option<&Peer> {
        self.peers.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(key)
    }

    pub(crate) fn insert(&mut self, peer: Peer) -> PeerKey {
        match &peer.role {
            Role::Client(_) => self.clients += usize::from(peer.route.is_some()),
            Role::Candidate | Role::Worker(_) => self.workers += 1,
        }
        let route = peer.route;
        let key = self.peers.insert(peer);
        if let Some(route) = route {
            self.routes.insert(route, key);
        }
        key
    }

    pub(crate) fn remove(&mut self, key: PeerKey) -> Option<Peer> {
        let peer = self.peers.remove(key)?;
        if let Some(route) = peer.route {
            self.routes.remove(&route);
        }
        match &peer.role {
            Role::Client(_) => self.clients -= usize::from(peer.route.is_some()),
            Role::Candidate | Role::Worker(_) => self.workers -= 1,
        }
        Some(peer)
    }

    /// Every session's key, in the order of the table.
    pub(crate) fn keys(&self) -> Vec<PeerKey> {
        self.peers.keys().collect()
    }

    /// Every registered worker, in the order of the table.
    pub(crate) fn registered(&self) -> impl Iterator<Item = (PeerKey, &Peer, &Worker)> {
        self.peers.iter().filter_map(|(key, peer)| peer.worker().map(|worker| (key, peer, worker)))
    }

    /// The registered worker at this key.
    ///
    /// # Panics
    /// The key is that of a worker for as long as jobs and pools refer to it: anything else is a broken invariant.
    pub(crate) fn worker(&mut self, key: PeerKey) -> &mut Worker {
        self.peers[key].worker_mut().expect("a key held by a job or a pool is that of a registered worker")
    }
}

impl std::ops::Index<PeerKey> for Peers {
    type Output = Peer;

    fn index(&self, key: PeerKey) -> &Peer {
        &self.peers[key]
    }
}

impl std::ops::IndexMut<PeerKey> for Peers {
    fn index_mut(&mut self, key: PeerKey) -> &mut Peer {
        &mut self.peers[key]
    }
}
