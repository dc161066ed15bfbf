//! The command line.

use crate::fault::Fault;
use crate::language::ForeignWorkers;
use crate::roles::Role;
use clap::{Args, Parser, ValueEnum};
use std::fmt;
use std::time::Duration;

/// Holds a load of checked jobs while it kills, stops, hangs and floods, as a seed determines; fails if a promise broke.
#[derive(Debug, Parser)]
#[command(name = "chaos", version, args_conflicts_with_subcommands = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What a run is made of.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Determines which faults come, and when.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How long faults are applied.
    #[arg(long, conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) minutes: Option<u64>,
    /// How long faults are applied. A minute, unless said otherwise.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) seconds: Option<u64>,
    /// Where the master is.
    #[arg(long, value_enum, default_value_t = Mode::Remote)]
    pub(crate) mode: Mode,
    /// By what workers and clients reach the master.
    #[arg(long, value_enum, default_value_t = Over::Both)]
    pub(crate) over: Over,
    /// Which faults, separated by commas. All, unless said otherwise.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) faults: Vec<Fault>,
    /// Worker processes.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) workers: u64,
    /// Jobs that are submitted in a second, about.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) rate: u64,
    /// Mean time between two faults, in milliseconds.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub(crate) every: u64,
    #[command(flatten)]
    pub(crate) foreign: ForeignWorkers,
    /// Prints the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Tells each fault as it is applied, on standard error.
    #[arg(long)]
    pub(crate) verbose: bool,
}

/// Where the master is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// In a process of its own: its clients are others.
    Remote,
    /// In the process of its callers.
    Embedded,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Remote => "remote",
            Mode::Embedded => "embedded",
        })
    }
}

/// By what workers and clients reach the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Over {
    /// Half of them each.
    Both,
    /// A socket of this machine.
    Ipc,
    /// Loopback TCP.
    Tcp,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Over::Both => "both",
            Over::Ipc => "ipc",
            Over::Tcp => "tcp",
        })
    }
}

impl Options {
    /// How long faults are applied.
    pub(crate) fn length(&self) -> Duration {
        let seconds = self.seconds.or(self.minutes.map(|minutes| minutes * 60)).unwrap_or(60);
        Duration::from_secs(seconds)
    }

    /// Which faults are applied.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let possible = Fault::all(self.mode);
        if self.faults.is_empty() {
            return possible;
        }
        possible.into_iter().filter(|fault| self.faults.contains(fault)).collect()
    }

    /// The one command that repeats this run.
    pub(crate) fn command(&self) -> String {
        let mut command = format!(
            "cargo run --release -p powerhose-chaos -- --seed {} --seconds {} --mode {} --workers {} --rate {} --every {}",
            self.seed,
            self.length().as_secs(),
            self.mode,
            self.workers,
            self.rate,
            self.every
        );
        if self.over != Over::Both {
            command.push_str(&format!(" --over {}", self.over));
        }
        if !self.faults.is_empty() {
            let names: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
            command.push_str(&format!(" --faults {}", names.join(",")));
        }
        self.foreign.arguments().iter().for_each(|argument| command.push_str(&format!(" {argument}")));
        command
    }
}
