//! A master in a process of its own, with as many workers of a program as it is told to start. It runs until its standard
//! input ends, or until somebody kills it.

use clap::Parser;
use powerhose::{Cluster, JobRunner, MasterBuilder, Settings, WorkerOutput};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Listens until standard input ends.
#[derive(Parser)]
struct Options {
    /// Where.
    #[arg(long)]
    endpoint: Option<String>,
    /// Starts workers of this program beside the master.
    #[arg(long)]
    program: Option<PathBuf>,
    /// How many; one a core if left out.
    #[arg(long, requires = "program")]
    workers: Option<usize>,
    /// An argument of that program; may be given several times.
    #[arg(long, requires = "program", allow_hyphen_values = true)]
    worker_arg: Vec<String>,
    /// What workers print comes as it is, without their names.
    #[arg(long, requires = "program")]
    inherit_output: bool,
    /// How often each side says that it lives.
    #[arg(long, default_value_t = 1000)]
    heartbeat_ms: u64,
    /// How long a peer may be silent.
    #[arg(long, default_value_t = 5000)]
    silence_ms: u64,
    /// How long past its deadline a handler may run.
    #[arg(long, default_value_t = 30_000)]
    overrun_grace_ms: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(io::stderr).init();
    let mut settings = Settings::default();
    settings.heartbeat_interval = Duration::from_millis(options.heartbeat_ms);
    settings.silence_max = Duration::from_millis(options.silence_ms);
    settings.overrun_grace = Duration::from_millis(options.overrun_grace_ms);
    match &options.program {
        Some(program) => hold_cluster(program.clone(), &options, settings),
        None => hold_master(&options, settings),
    }
}

fn hold_master(options: &Options, settings: Settings) -> anyhow::Result<()> {
    let builder: MasterBuilder = JobRunner::builder().settings(settings);
    let runner = options.endpoint.iter().fold(builder, MasterBuilder::endpoint).bind()?;
    announce(&runner);
    wait_for_end()
}

fn hold_cluster(program: PathBuf, options: &Options, settings: Settings) -> anyhow::Result<()> {
    let mut builder = Cluster::builder(program).master(|master| master.settings(settings));
    if let Some(endpoint) = &options.endpoint {
        builder = builder.endpoint(endpoint);
    }
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    builder = builder.args(&options.worker_arg);
    if options.inherit_output {
        builder = builder.command(|command| command.output(WorkerOutput::Inherit));
    }
    let cluster = builder.start()?;
    for pid in cluster.pids() {
        println!("worker {pid}");
    }
    announce(&cluster.runner());
    wait_for_end()
}

fn announce(runner: &JobRunner) {
    for endpoint in runner.endpoints() {
        println!("listening on {endpoint}");
    }
}

fn wait_for_end() -> anyhow::Result<()> {
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
