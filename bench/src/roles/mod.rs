//! What this program is in the other processes that a benchmark needs: it starts itself with the name of a role.

mod holder;
mod master;
mod ring_worker;
mod unix_worker;
mod worker;
mod zmq_router;
mod zmq_worker;

use crate::processes::remove_at_end;
use crate::work::Work;
use clap::Subcommand;
use std::path::PathBuf;

/// A role on the command line. People do not use them.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Role {
    /// A worker of Powerhose.
    #[command(hide = true)]
    Worker { work: Work },
    /// A master of Powerhose with its workers, for callers in another process.
    #[command(hide = true)]
    Master { endpoint: String, work: Work, workers: usize },
    /// A master of Powerhose that holds jobs and peers, to be weighed.
    #[command(hide = true)]
    Holder { endpoint: String },
    /// A DEALER that answers.
    #[command(hide = true)]
    ZmqWorker { endpoint: String, work: Work },
    /// A ROUTER that holds connections, to be weighed.
    #[command(hide = true)]
    ZmqRouter { endpoint: String },
    /// Answers on its standard input, a socket.
    #[command(hide = true)]
    UnixWorker { work: Work, bytes: usize },
    /// Answers what comes through shared memory; its standard input is a socket.
    #[command(hide = true)]
    RingWorker { work: Work, memory: PathBuf, job_bytes: usize, reply_bytes: usize },
    /// The dispatcher alone, to be looked at by valgrind.
    #[command(hide = true)]
    Dispatcher { workers: usize, waiting: usize, jobs: usize },
    /// Removes a folder when its standard input ends.
    #[command(hide = true)]
    Remover { folder: PathBuf },
}

impl Role {
    /// Plays it until this process's parent is gone, or says so.
    pub(crate) fn play(self) -> anyhow::Result<()> {
        match self {
            Role::Worker { work } => worker::play(work),
            Role::Master { endpoint, work, workers } => master::play(&endpoint, work, workers),
            Role::Holder { endpoint } => holder::play(&endpoint),
            Role::ZmqWorker { endpoint, work } => zmq_worker::play(&endpoint, work),
            Role::ZmqRouter { endpoint } => zmq_router::play(&endpoint),
            Role::UnixWorker { work, bytes } => unix_worker::play(work, bytes),
            Role::RingWorker { work, memory, job_bytes, reply_bytes } => {
                ring_worker::play(work, &memory, job_bytes, reply_bytes)
            }
            Role::Dispatcher { workers, waiting, jobs } => {
                crate::growth::play(workers, waiting, jobs);
                Ok(())
            }
            Role::Remover { folder } => remove_at_end(&folder),
        }
    }
}
