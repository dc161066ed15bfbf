//! The master as a program of its own: listens, waits for workers that another program starts, and gives them jobs.

use clap::Parser;
use powerhose::JobRunner;
use powerhose_example_square::{WORKERS_WITHIN, log_to_stderr, print_squares};
use std::time::Duration;

/// Squares numbers on the workers that connect (start some with `square-worker`).
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Where to listen: ipc:///path/to/socket or tcp://127.0.0.1:port.
    #[arg(long, env = "POWERHOSE_ENDPOINT")]
    endpoint: String,
    /// Squares the numbers from 1 to this.
    #[arg(long, default_value_t = 100)]
    jobs: u64,
    /// Waits for this many workers.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    log_to_stderr();
    let runner = JobRunner::bind(options.endpoint)?;
    runner.wait_for_workers(options.workers, WORKERS_WITHIN)?;
    print_squares(&runner, options.jobs)?;
    runner.close(Duration::from_secs(5))?;
    Ok(())
}
