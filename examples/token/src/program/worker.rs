//! The worker process: takes the keyring that was laid out for it and does jobs.
//!
//! Never logs a job's payload or reply.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use powerhose::worker::{Job, JobFailure, Worker};

use crate::job::handle;
use crate::program::{POOL, handover};

/// What a worker is started with.
#[derive(Debug, Args)]
pub struct WorkerOptions {
    /// Where the keyring lies
    #[arg(long, value_name = "PATH")]
    keyring: PathBuf,
}

pub(crate) fn run(options: &WorkerOptions) -> anyhow::Result<()> {
    let keyring = handover::read(&options.keyring)?;
    Worker::from_env()?.pool(POOL).run(|job: &Job| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| {
            // Without a clock nothing is known to be unexpired.
            JobFailure::new("internal", "the clock stands before 1970")
        })?;
        handle(&keyring, job.payload(), now).map_err(|error| JobFailure::new(error.code, error.text))
    })?;
    Ok(())
}
