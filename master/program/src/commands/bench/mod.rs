//! `powerhose bench`: is a master worth it for this function? The worker's own clock says how long the function alone
//! takes. The rest of what a caller waits is the way through the master.

mod measure;
mod report;

use crate::exit::{Exit, Failure, Outcome};
use crate::logs::LogFormat;
use crate::options::common::CommonOptions;
use crate::options::values::{Workers, duration, pool};
use crate::print;
use crate::service::forward;
use clap::Args;
use measure::Load;
use powerhose::{Cluster, ClusterError, DEFAULT_POOL, POOL_VARIABLE, SpawnError};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::time::Duration;

/// Flags of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchOptions {
    /// Where the payload is: a file, or `-` for standard input. Default: no bytes.
    #[arg(long, value_name = "FILE")]
    payload: Option<String>,
    /// Each line of it is a payload of its own; they are sent in turns.
    #[arg(long)]
    lines: bool,
    /// The pool that the worker offers.
    #[arg(long, value_name = "POOL", value_parser = pool, default_value = DEFAULT_POOL)]
    pool: String,
    /// Workers: a number, or one a core.
    #[arg(long, value_name = "N|auto", default_value = "auto")]
    workers: Workers,
    /// Jobs in flight at once where throughput is measured.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65536))]
    in_flight: u32,
    /// How long to measure, after a tenth of it for warming up.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    measure_for: Duration,
    /// How long a job may take.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    timeout: Duration,
    /// The worker program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// Starts a master and workers of its own, measures, and says what came of it.
pub(super) fn bench(_common: &CommonOptions, options: BenchOptions) -> Outcome {
    let payloads = payloads(&options)?;
    let (program, arguments) =
        options.program.split_first().ok_or_else(|| Failure::new(Exit::Usage, "no worker program given"))?;
    let workers = options.workers.count().max(1);
    let cluster = Cluster::builder(program)
        .args(arguments)
        .env(POOL_VARIABLE, &options.pool)
        .command(|command| command.forward(forward(LogFormat::Text, options.pool.clone())))
        .workers(workers)
        .start()
        .map_err(|error| start_failure(&error))?;
    let load = Load {
        runner: cluster.runner(),
        pool: options.pool.clone(),
        payloads,
        timeout: options.timeout,
        in_flight: options.in_flight as usize,
    };
    let measured = load.measure(options.measure_for)?;
    // Nothing is left to be drained.
    let _ = cluster.close(Duration::ZERO);
    print::text(&report::text(&measured, workers, options.in_flight))
}

fn payloads(options: &BenchOptions) -> Result<Vec<Vec<u8>>, Failure> {
    let cannot_read = |what: &str| {
        let action = format!("read {what}");
        move |error| Failure::system(&action, error)
    };
    let bytes = match options.payload.as_deref() {
        None => Vec::new(),
        Some("-") => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map_err(cannot_read("standard input"))?;
            bytes
        }
        Some(file) => fs::read(file).map_err(cannot_read(file))?,
    };
    if !options.lines {
        return Ok(vec![bytes]);
    }
    let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes).split(|byte| *byte == b'\n');
    Ok(lines.map(<[u8]>::to_vec).collect())
}

fn start_failure(error: &ClusterError) -> Failure {
    let exit = match error {
        ClusterError::Spawn(SpawnError::Io { .. }) => Exit::System,
        ClusterError::Spawn(_) => Exit::Program,
        ClusterError::Worker { .. } | ClusterError::WorkersMissing { .. } => Exit::GivenUp,
        ClusterError::Bind(_) => Exit::Bind,
        _ => Exit::System,
    };
    Failure::new(exit, error)
}
