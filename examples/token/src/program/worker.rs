//! The worker process: takes the keyring that was laid out for it and does jobs.
//!
//! Never logs a job's payload or reply.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::Args;
use powerhose::worker::{Job, JobFailure, Worker};

use crate::job::handle;
use crate::keyring::Keyring;
use crate::program::POOL;

/// What a worker is started with.
#[derive(Debug, Args)]
pub struct WorkerOptions {
    /// Where the keyring lies
    #[arg(long, value_name = "PATH")]
    keyring: PathBuf,
}

pub(crate) fn run(options: &WorkerOptions) -> anyhow::Result<()> {
    let bytes = std::fs::read(&options.keyring)
        .context("cannot read the keyring; has the program that laid it out ended?")?;
    let keyring = Keyring::from_bytes(&bytes)?;
    Worker::from_env()?.pool(POOL).run(|job: &Job| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| {
            // Without a clock nothing is known to be unexpired.
            JobFailure::new("internal", "the clock stands before 1970")
        })?;
        handle(&keyring, job.payload(), now).map_err(|error| JobFailure::new(error.code, error.text))
    })?;
    Ok(())
}
