//! What this program is in the other processes of a run: it starts itself with the name of a role.

mod callers;
mod master;
mod orders;
mod watcher;
mod worker;

use crate::language::ForeignWorkers;
use crate::options::{Mode, Over};
use crate::processes::remove_at_end;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// A role on the command line. People do not use them.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Role {
    /// Runs jobs.
    #[command(hide = true)]
    Worker {
        #[command(flatten)]
        site: Site,
        #[command(flatten)]
        foreign: ForeignWorkers,
    },
    /// A master of workers and clients in other processes.
    #[command(hide = true)]
    Master(Site),
    /// Submits jobs and checks their ends.
    #[command(hide = true)]
    Callers {
        #[command(flatten)]
        site: Site,
        #[arg(long, value_enum)]
        mode: Mode,
        /// Unique in the run: the high bits of its jobs' keys.
        #[arg(long)]
        number: u64,
        #[arg(long)]
        seed: u64,
        #[arg(long)]
        rate: u64,
        #[arg(long)]
        threads: u64,
        /// Of an embedded master.
        #[arg(long)]
        workers: u64,
        #[command(flatten)]
        foreign: ForeignWorkers,
    },
    /// Removes a folder when its standard input ends.
    #[command(hide = true)]
    Remover { folder: PathBuf },
}

/// Where the processes meet.
#[derive(Clone, Debug, Args)]
pub(crate) struct Site {
    /// The process that starts this one.
    #[arg(long)]
    pub(crate) parent: Option<u32>,
    #[arg(long)]
    pub(crate) ipc: String,
    #[arg(long)]
    pub(crate) tcp: String,
    #[arg(long)]
    pub(crate) journal: PathBuf,
    #[arg(long, value_enum)]
    pub(crate) over: Over,
}

impl Site {
    /// What workers say before they end.
    pub(crate) fn words(&self) -> PathBuf {
        self.journal.with_file_name("workers.log")
    }

    /// Where the worker or client of this number finds the master.
    fn endpoint(&self, number: u64) -> &str {
        let is_ipc = match self.over {
            Over::Both => number.is_multiple_of(2),
            Over::Ipc => true,
            Over::Tcp => false,
        };
        if is_ipc { &self.ipc } else { &self.tcp }
    }

    /// As arguments for a process that this one starts.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let journal = self.journal.display().to_string();
        let pairs = [
            ("--ipc", self.ipc.clone()),
            ("--tcp", self.tcp.clone()),
            ("--journal", journal),
            ("--over", self.over.to_string()),
        ];
        pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

impl Role {
    /// Plays it until this process is ended.
    pub(crate) fn play(self) -> anyhow::Result<()> {
        match self {
            Role::Worker { site, foreign } => worker::play(&site, &foreign),
            Role::Master(site) => master::play(&site),
            Role::Callers { site, mode, number, seed, rate, threads, workers, foreign } => {
                let load = callers::Load { mode, number, seed, rate, threads, workers };
                callers::play(&site, load, &foreign)
            }
            Role::Remover { folder } => remove_at_end(&folder),
        }
    }
}
