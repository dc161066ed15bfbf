//! `powerhose work`: any program as a worker. The program is started for each job, or once for many (`--lines`).

mod lines;
mod pipes;
mod program;
mod shared_signals;

use crate::exit::{Exit, Failure, Outcome};
use crate::options::common::CommonOptions;
use crate::options::values::{Pair, duration, pool, size};
use clap::Args;
use powerhose::DEFAULT_POOL;
use powerhose_processes::{go_on_guarded, is_guarded};
use powerhose_worker::{Job, JobFailure, Worker, WorkerError};
use program::Program;
use std::ffi::OsString;
use std::time::Duration;

/// Flags of `work`.
#[derive(Args, Debug)]
pub(crate) struct WorkOptions {
    /// The pool that this worker offers; may be given several times.
    #[arg(long, value_name = "POOL", value_parser = pool, value_delimiter = ',', default_value = DEFAULT_POOL)]
    pool: Vec<String>,
    /// Starts the program once, and gives it a line for each job; the line that it answers is the reply.
    #[arg(long)]
    lines: bool,
    /// A label that the operator sees beside this worker; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<Pair>,
    /// How long the master may be silent before this worker gives up.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    master_silence_max: Duration,
    /// Bytes of a reply. A program that prints more is ended.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64MiB")]
    reply_bytes_max: usize,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// Serves jobs until told to stop.
pub(super) fn work(common: &CommonOptions, options: WorkOptions) -> Outcome {
    let program = Program::find(&options.program, options.reply_bytes_max)?;
    guard()?;
    let worker = worker(common, &options)?;
    let ended = if options.lines {
        let mut lines = lines::Lines::new(program);
        worker.run(move |job: &Job| lines.run(job))
    } else {
        worker.run(move |job: &Job| -> Result<Vec<u8>, JobFailure> { program.run(job) })
    };
    ended.map(|()| Exit::Fine).map_err(|error| failure(&error))
}

/// Whatever jobs start is to end with this process, also if that is killed: see `powerhose_processes`.
fn guard() -> Result<(), Failure> {
    if is_guarded() {
        return Ok(());
    }
    // SAFETY: nothing has made a thread so far.
    unsafe { go_on_guarded() }.map_err(|error| Failure::system("start a guard for the program", error))
}

fn worker(common: &CommonOptions, options: &WorkOptions) -> Result<Worker, Failure> {
    let mut worker = Worker::connect(&common.endpoint()?)
        .map_err(|error| failure(&error))?
        .software(concat!("powerhose-work/", env!("CARGO_PKG_VERSION")))
        .silence_max(options.master_silence_max);
    for pool in &options.pool {
        // A program of its own for each job takes longer than the way to the worker: nothing is gained by a second one
        // that waits here.
        worker = if options.lines { worker.pool(pool) } else { worker.pool_with_credit(pool, 1) };
    }
    for Pair { name, value } in &options.label {
        worker = worker.label(name, value);
    }
    if let Some(keys) = common.curve()? {
        worker = worker.curve(keys);
    }
    Ok(match common.secret()? {
        Some(secret) => worker.shared_secret(secret),
        None => worker,
    })
}

fn failure(error: &WorkerError) -> Failure {
    let exit = match error {
        WorkerError::MasterUnreachable { .. } => Exit::Unreachable,
        WorkerError::Refused { .. } => Exit::Refused,
        WorkerError::System { .. } => Exit::System,
        _ => Exit::Usage,
    };
    Failure::new(exit, error)
}
