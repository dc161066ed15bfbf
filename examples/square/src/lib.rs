//! What the three programs of this example share: the worker's function, and the master's jobs.

use anyhow::Context;
use powerhose::worker::{JobFailure, Worker, WorkerError};
use powerhose::{Job, JobRunner};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use tracing_subscriber::EnvFilter;

/// The worker's function: a decimal number in, its square out.
///
/// # Errors
/// The payload is no number, or its square is too large.
pub fn square(job: &powerhose::worker::Job) -> Result<String, JobFailure> {
    let text =
        std::str::from_utf8(job.payload()).map_err(|error| JobFailure::new("not_text", error.to_string()))?;
    let number: i64 =
        text.parse().map_err(|_| JobFailure::new("not_a_number", "the payload is no number"))?;
    let square =
        number.checked_mul(number).ok_or_else(|| JobFailure::new("too_large", "the square is too large"))?;
    Ok(square.to_string())
}

/// Serves jobs until told to stop. Where the master is stands in `POWERHOSE_ENDPOINT`.
///
/// # Errors
/// See [`WorkerError`].
pub fn work() -> Result<(), WorkerError> {
    Worker::from_env()?.pool("square").run(square)
}

/// Squares the numbers from 1 to `jobs`, prints each result with the worker that made it, then a summary.
///
/// # Errors
/// A job failed, or standard output is closed.
pub fn print_squares(runner: &JobRunner, jobs: u64) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut by_worker: BTreeMap<u64, u64> = BTreeMap::new();
    let mut out = io::stdout().lock();
    let squares = runner.execute_many((1..=jobs).map(|number| Job::new(number.to_string()).pool("square")));
    for (number, square) in (1..).zip(squares) {
        let reply = square.with_context(|| format!("{number} could not be squared"))?;
        *by_worker.entry(reply.worker()).or_default() += 1;
        writeln!(out, "{number}² = {} (worker {})", String::from_utf8_lossy(&reply), reply.worker())?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let shares: Vec<String> =
        by_worker.iter().map(|(worker, count)| format!("worker {worker}: {count}")).collect();
    writeln!(
        out,
        "{jobs} jobs in {seconds:.3} s, {:.0} jobs/s ({})",
        jobs as f64 / seconds,
        shares.join(", ")
    )?;
    Ok(())
}

/// Logs go to standard error; `RUST_LOG` says which.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

/// How long workers that were started elsewhere may take to come.
pub const WORKERS_WITHIN: Duration = Duration::from_secs(60);
