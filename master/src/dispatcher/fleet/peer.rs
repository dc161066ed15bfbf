//! A peer that has joined: a worker, or a client.

use super::worker::{Attention, Worker};
use crate::calls::Calls;
use crate::dispatcher::keys::{JobKey, PeerKey};
use crate::timers::TimerKey;
use powerhose_protocol::PEER_MAX;
use slotmap::SlotMap;
use std::time::{Duration, Instant};

pub(crate) struct Peer {
    /// The worker's id, or the high bits of the ids of a client's jobs.
    pub(crate) number: u64,
    pub(crate) last_heard: Instant,
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
    pub(crate) jobs: Calls<JobKey>,
}

impl Peer {
    /// How long nothing has come from it.
    pub(crate) fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_heard)
    }

    /// Whether it need not say that it lives.
    pub(crate) fn is_excused(&self) -> bool {
        self.worker().is_some_and(|worker| {
            worker.attention == Attention::BetweenJobs && !worker.outstanding.is_empty()
        })
    }

    /// Whether it is a client that waits for no job.
    pub(crate) fn is_idle_client(&self) -> bool {
        match &self.role {
            Role::Client(client) => client.jobs.is_empty(),
            Role::Candidate | Role::Worker(_) => false,
        }
    }

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

    pub(crate) fn client(&self) -> Option<&Client> {
        match &self.role {
            Role::Client(client) => Some(client),
            Role::Candidate | Role::Worker(_) => None,
        }
    }

    pub(crate) fn client_mut(&mut self) -> Option<&mut Client> {
        match &mut self.role {
            Role::Client(client) => Some(client),
            Role::Candidate | Role::Worker(_) => None,
        }
    }
}

/// All peers.
pub(crate) struct Peers {
    peers: SlotMap<PeerKey, Peer>,
    /// The callers in the master's own process, as a client that is always there.
    pub(crate) here: PeerKey,
    pub(crate) workers: usize,
    pub(crate) clients: usize,
    /// The number that was given last.
    last_number: u64,
}

impl Peers {
    /// Nobody but the callers in the master's own process.
    pub(crate) fn new(now: Instant) -> Peers {
        let mut peers = SlotMap::with_key();
        let role = Role::Client(Client::default());
        let here = peers.insert(Peer { number: 0, last_heard: now, suspicion: None, role });
        Peers { peers, here, workers: 0, clients: 0, last_number: 0 }
    }

    /// How many there are, without the callers in the master's own process.
    pub(crate) fn len(&self) -> usize {
        self.peers.len() - 1
    }

    pub(crate) fn get(&self, key: PeerKey) -> Option<&Peer> {
        self.peers.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.peers.get_mut(key)
    }

    /// Whether no number is left for another peer.
    pub(crate) fn is_used_up(&self) -> bool {
        self.last_number == PEER_MAX
    }

    /// A peer joins, and gets a number that no other ever had.
    pub(crate) fn insert(&mut self, role: Role, now: Instant) -> PeerKey {
        match &role {
            Role::Client(_) => self.clients += 1,
            Role::Candidate | Role::Worker(_) => self.workers += 1,
        }
        self.last_number += 1;
        self.peers.insert(Peer { number: self.last_number, last_heard: now, suspicion: None, role })
    }

    /// Takes a peer out.
    pub(crate) fn remove(&mut self, key: PeerKey) -> Option<Peer> {
        let peer = self.peers.remove(key)?;
        match &peer.role {
            Role::Client(_) => self.clients -= 1,
            Role::Candidate | Role::Worker(_) => self.workers -= 1,
        }
        Some(peer)
    }

    /// Every peer's key but that of the callers in this process, in the order of the table.
    pub(crate) fn keys(&self) -> Vec<PeerKey> {
        self.peers.keys().filter(|key| *key != self.here).collect()
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
