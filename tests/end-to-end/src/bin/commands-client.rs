//! A client in a process of its own: submits jobs to a master elsewhere, prints how each ended, one line a job.

use clap::Parser;
use powerhose::{Job, JobHandle, JobRunner};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Submits the same job again and again, then waits for all of them.
#[derive(Parser)]
struct Options {
    /// Where the master is.
    endpoint: String,
    /// What the workers shall do.
    #[arg(long = "do", default_value = "echo")]
    command: String,
    /// With what.
    #[arg(long, default_value = "")]
    payload: String,
    /// How many jobs.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Whose workers.
    #[arg(long, default_value = "default")]
    pool: String,
    /// How long each may take.
    #[arg(long, default_value_t = 30_000)]
    timeout_ms: u64,
    /// How long the master may take to answer.
    #[arg(long, default_value_t = 10_000)]
    connect_ms: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).init();
    let runner = JobRunner::connector(&options.endpoint)
        .connect_timeout(Duration::from_millis(options.connect_ms))
        .connect()?;
    let job = Job::new(&options.payload)
        .pool(&options.pool)
        .header("do", &options.command)
        .timeout(Duration::from_millis(options.timeout_ms));
    let handles: Vec<JobHandle> = (0..options.jobs).map(|_| runner.submit(job.clone())).collect();
    for handle in handles {
        match handle.wait() {
            Ok(reply) => println!("job {} done: {}", reply.job(), String::from_utf8_lossy(&reply)),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
