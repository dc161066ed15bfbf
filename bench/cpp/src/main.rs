//! C++'s client and worker beside Rust's, in one run, in turns: the same loads, each with every pair of client and worker.
//!
//! This program is Rust's client and worker, and what starts all; `peer.cpp` beside `src` is C++'s.

mod client;
mod compare;
mod load;
mod processor;
mod worker;

use clap::{Args, Parser, Subcommand};
use load::Load;
use std::path::PathBuf;
use std::time::Duration;

/// Compares C++ with Rust
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(flatten)]
    compare: Compare,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Args)]
struct Compare {
    /// C++'s program: peer.cpp, compiled
    #[arg(long, required = true)]
    cpp: Option<PathBuf>,
    /// How long each measurement takes
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    /// How often each is made
    #[arg(long, default_value_t = 21)]
    repeats: usize,
    /// Which loads; all unless named
    loads: Vec<Load>,
}

#[derive(Subcommand)]
enum Role {
    /// A worker of a cluster
    Worker { load: Load },
    /// A master with workers of this program, and a caller in the same process; prints what it measured
    Client { load: Load, seconds: f64, program: PathBuf },
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    match options.role {
        Some(Role::Worker { load }) => worker::work(load),
        Some(Role::Client { load, seconds, program }) => {
            let measured = client::measure(load, Duration::from_secs_f64(seconds), &program)?;
            println!("{} {}", measured.figure, measured.processor_ns_per_job);
            Ok(())
        }
        None => compare::compare(&options.compare),
    }
}
