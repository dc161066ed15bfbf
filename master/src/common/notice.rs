//! What happened to workers and clients, for those who want to watch.

use super::WorkerExit;
use powerhose_protocol::JobId;

/// Something that happened to a worker or a client, for those who want to watch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A worker registered, or registered anew with other pools.
    WorkerRegistered {
        /// Its id.
        worker: u64,
        /// Its process id on its host.
        pid: u32,
        /// Its pools.
        pools: Vec<String>,
    },
    /// A worker is gone.
    WorkerGone {
        /// Its id.
        worker: u64,
        /// Its process id on its host.
        pid: u32,
        /// How that was noticed.
        cause: GoneCause,
        /// The job that it was running.
        job: Option<JobId>,
        /// How many jobs it had answered since it registered.
        answered: u64,
    },
    /// A worker ran over its deadline or, too often, over the soft run time, and gets no jobs.
    WorkerOverdue {
        /// Its id.
        worker: u64,
        /// The job that it runs or ran.
        job: JobId,
    },
    /// An overdue worker has answered, and gets jobs again.
    WorkerBack {
        /// Its id.
        worker: u64,
    },
    /// A worker has answered as many jobs again as
    /// [`Settings::worker_served_notice`](super::Settings::worker_served_notice) names.
    WorkerServed {
        /// Its id.
        worker: u64,
        /// Its process id on its host.
        pid: u32,
        /// How many it has answered since it registered.
        jobs: u64,
    },
    /// A client opened a session.
    ClientConnected {
        /// Its peer number.
        client: u64,
    },
    /// A client is gone; its jobs were dropped.
    ClientGone {
        /// Its peer number.
        client: u64,
        /// How that was noticed.
        cause: GoneCause,
    },
}

/// How the end of a peer was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GoneCause {
    /// It said goodbye.
    Goodbye,
    /// Its connection ended.
    Disconnected,
    /// It was silent for too long.
    Silent,
    /// Its process ended.
    Exited(WorkerExit),
    /// It began a new session.
    Renewed,
    /// It kept sending what has to be refused.
    CutOff,
}
