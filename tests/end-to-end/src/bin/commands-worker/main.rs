//! A worker whose jobs say what it shall do: see `commands` for the language. Its options make it start late, or not at
//! all.

mod commands;

use clap::Parser;
use powerhose_worker::{NextJob, PulledWorker, Worker};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Runs jobs whose header `do` names a command.
#[derive(Parser)]
struct Options {
    /// Where the master is; otherwise `POWERHOSE_ENDPOINT` says it.
    endpoint: Option<String>,
    /// Offers this pool; may be given several times.
    #[arg(long, default_value = "default")]
    pool: Vec<String>,
    /// Takes at most so many jobs of each pool at once.
    #[arg(long, default_value_t = 64)]
    credit: u64,
    /// Gives up after so much silence of the master.
    #[arg(long, default_value_t = 30_000)]
    silence_ms: u64,
    /// Its start-up takes until this file exists.
    #[arg(long)]
    start_when: Option<PathBuf>,
    /// Exits with this status instead of registering.
    #[arg(long)]
    exit_at_once: Option<i32>,
    /// Asks for its jobs itself, instead of being called with them.
    #[arg(long)]
    pulled: bool,
    /// Runs, but never registers.
    #[arg(long)]
    never_register: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(io::stderr).init();
    if let Some(status) = options.exit_at_once {
        std::process::exit(status);
    }
    if let Some(path) = &options.start_when {
        println!("starting up");
        commands::wait_for_file(path)?;
    }
    if options.never_register {
        commands::hang();
    }
    let worker = match &options.endpoint {
        Some(endpoint) => Worker::connect(endpoint)?,
        None => Worker::from_env()?,
    };
    let worker = worker.silence_max(Duration::from_millis(options.silence_ms));
    let worker =
        options.pool.iter().fold(worker, |worker, pool| worker.pool_with_credit(pool, options.credit));
    if options.pulled { pull(worker.open()?) } else { Ok(worker.run(commands::run)?) }
}

/// In a loop of its own, which sleeps on the worker's descriptor.
fn pull(mut worker: PulledWorker) -> anyhow::Result<()> {
    loop {
        match worker.try_next_job()? {
            NextJob::Job(job) => match commands::run(&job) {
                Ok(reply) => job.finish(reply),
                Err(failure) => job.fail(failure),
            },
            NextJob::NotYet => {
                let descriptor = worker.descriptor()?;
                match poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            NextJob::Ended => return Ok(()),
        }
    }
}
