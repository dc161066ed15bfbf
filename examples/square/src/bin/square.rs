//! Everything in one command: a master, a worker process on each core, and jobs for them.

use clap::Parser;
use powerhose::{Cluster, cores};
use powerhose_example_square::{log_to_stderr, print_squares, work};
use std::time::Duration;

/// Squares numbers on worker processes.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Squares the numbers from 1 to this.
    #[arg(long, default_value_t = 100)]
    jobs: u64,
    /// Worker processes; one a core if left out.
    #[arg(long)]
    workers: Option<usize>,
    /// Be one of the workers instead. The cluster starts this same program with it.
    #[arg(long, hide = true)]
    worker: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    log_to_stderr();
    if options.worker {
        return Ok(work()?);
    }
    let workers = options.workers.unwrap_or_else(cores);
    let cluster = Cluster::builder(std::env::current_exe()?).arg("--worker").workers(workers).start()?;
    print_squares(&cluster.runner(), options.jobs)?;
    cluster.close(Duration::from_secs(5))?;
    Ok(())
}
