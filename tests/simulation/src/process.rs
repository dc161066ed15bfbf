//! A process beside the master: its socket, whether it runs, and what it is.

use crate::network::{ConnectionId, Packet};
use crate::work::Work;
use bytes::Bytes;
use powerhose::client::ClientMachine;
use powerhose_protocol::{Greeter, JobId};
use powerhose_worker::machine::{Machine, Work as Given};
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// Names one process. One that takes the place of another has another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProcessId(pub(crate) u64);

pub(crate) struct Process {
    pub(crate) id: ProcessId,
    pub(crate) seat: usize,
    pub(crate) pid: u32,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) inbox: VecDeque<Packet>,
    /// The connection ended since the loop last looked.
    pub(crate) disconnected: bool,
    /// SIGSTOP.
    pub(crate) stopped: bool,
    pub(crate) turn_at: Option<Instant>,
    pub(crate) being: Being,
}

pub(crate) enum Being {
    Worker(Box<WorkerProcess>),
    Client(Box<ClientProcess>),
    Raw(Box<RawPeer>),
    /// While its turn is under way, it is elsewhere.
    Nobody,
}

pub(crate) struct WorkerProcess {
    pub(crate) machine: Machine<Bytes>,
    pub(crate) manners: Manners,
    /// It was sent SIGTERM.
    pub(crate) told_to_leave: bool,
    pub(crate) running: Option<Running>,
    /// The session that it said REGISTER in, and no HELLO after it.
    pub(crate) session: Option<u64>,
    /// In which session each dispatch came.
    pub(crate) given_in: BTreeMap<(JobId, u64), u64>,
    /// Replies that a worker without manners will say again.
    pub(crate) echoes: Vec<Packet>,
}

/// How well a worker keeps to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    Honest,
    /// It neither reads nor sends while a handler runs, and says so.
    Inattentive,
    /// It says its replies twice, or again much later.
    Repeats,
    /// It answers other workers' jobs, too.
    Lies,
}

pub(crate) struct Running {
    /// Tells this run from every other.
    pub(crate) number: u64,
    pub(crate) given: Given<Bytes>,
    pub(crate) work: Option<Work>,
    pub(crate) since: Instant,
    /// The handler would have returned while the process was stopped.
    pub(crate) over: bool,
}

pub(crate) struct ClientProcess {
    pub(crate) machine: ClientMachine,
    pub(crate) closing: bool,
}

/// A peer that says whatever it likes.
pub(crate) struct RawPeer {
    pub(crate) greeter: Greeter,
    pub(crate) operator: bool,
    /// It knows the secret of its role, if there is one.
    pub(crate) proves: bool,
    pub(crate) session: Option<u64>,
    pub(crate) last_id: u64,
}

impl Process {
    pub(crate) fn worker(&self) -> Option<&WorkerProcess> {
        match &self.being {
            Being::Worker(worker) => Some(worker),
            Being::Client(_) | Being::Raw(_) | Being::Nobody => None,
        }
    }

    pub(crate) fn client(&self) -> Option<&ClientProcess> {
        match &self.being {
            Being::Client(client) => Some(client),
            Being::Worker(_) | Being::Raw(_) | Being::Nobody => None,
        }
    }

    pub(crate) fn raw(&self) -> Option<&RawPeer> {
        match &self.being {
            Being::Raw(raw) => Some(raw),
            Being::Worker(_) | Being::Client(_) | Being::Nobody => None,
        }
    }
}
