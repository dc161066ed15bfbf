//! `powerhose run`: a master and its workers, or workers of a master elsewhere.

use super::master::tell_where;
use crate::exit::{Exit, Failure, Outcome};
use crate::http::HttpOptions;
use crate::options::common::CommonOptions;
use crate::options::master::{MasterOptions, bind_failure};
use crate::options::values::{Workers, bytes, duration, endpoint, pool};
use crate::service::{self, Happening, Service, forward};
use clap::Args;
use powerhose::{
    CURVE_FILE_VARIABLE, DEFAULT_POOL, ENDPOINT_VARIABLE, JobRunner, Notice, POOL_VARIABLE, PoolSettings,
    Readiness, Recycling, SECRET_FILE_VARIABLE, SpawnError, Supervisor, SupervisorEvent, SupervisorSettings,
    WorkerCommand,
};
use std::ffi::OsString;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;

/// Flags of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunOptions {
    /// Workers to keep: a number, or one a core.
    #[arg(long, value_name = "N|auto", default_value = "auto")]
    workers: Workers,
    /// The pool that the workers are told to offer, in POWERHOSE_POOL. Its jobs wait from the start, also before the first
    /// worker is there.
    #[arg(long, value_name = "POOL", value_parser = pool)]
    pool: Option<String>,
    /// Starts workers for the master at this endpoint, and no master here.
    #[arg(long, value_name = "ENDPOINT", value_parser = endpoint)]
    connect: Option<String>,
    /// Keeps each worker on a core of its own.
    #[arg(long)]
    pin: bool,
    /// How willingly workers leave a core to others: from 0, as everybody, to 19; below 0 less willingly, to -20, for those who
    /// may.
    #[arg(long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(-20..=19))]
    nice: Option<i32>,
    /// Address space that a worker may have (RLIMIT_AS).
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    address_space_max: Option<u64>,
    /// How long jobs may take to end when all or one of the workers are told to end.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    drain: Duration,
    /// Processes beyond --workers while workers are replaced: the new one starts first, and the old one ends when the new one
    /// is ready. 0: the old one ends first.
    #[arg(long, value_name = "N", default_value_t = SupervisorSettings::default().extra_max)]
    worker_extra_max: usize,
    /// How long a worker may take to register, from its own start; longer after it was late.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    worker_start: Duration,
    /// Workers that start at once; the others wait for their turn. Default: one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    worker_starts_max: Option<u16>,
    /// A worker that failed to start so often in a row is given up.
    #[arg(long, value_name = "N", default_value_t = SupervisorSettings::default().start_failures_max,
        value_parser = clap::value_parser!(u32).range(1..))]
    start_failures_max: u32,
    /// Replaces workers that are older than this, less a random tenth.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    worker_age_max: Option<Duration>,
    /// Replaces workers that have answered so many jobs.
    #[arg(long, value_name = "N")]
    worker_jobs_max: Option<u64>,
    /// Replaces workers that hold more memory, with all that they have started.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    worker_memory_max: Option<u64>,
    /// At most this share of the workers is away or being replaced at once when others are replaced for age, jobs or memory.
    #[arg(long, value_name = "PERCENT", default_value_t = Recycling::default().share_max_percent,
        value_parser = clap::value_parser!(u8).range(1..=100))]
    worker_share_max: u8,
    #[command(flatten)]
    http: HttpOptions,
    #[command(flatten)]
    master: MasterOptions,
    /// The worker program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// Until it is told to end.
pub(super) fn run(common: &CommonOptions, options: RunOptions) -> Outcome {
    let happenings = service::happenings()?;
    let sender = happenings.0.clone();
    let listener = Box::new(move |event: SupervisorEvent| drop(sender.send(Happening::Worker(event))));
    let workers = options.workers.count();
    // What is wrong with the program is found before anything listens.
    let command = options.command(common).resolve().map_err(|error| spawn_failure(&error))?;
    if let Some(endpoint) = &options.connect {
        if !options.http.is_off() {
            let text = "--http tells of the master in this process, and with --connect there is none: start it there";
            return Err(Failure::new(Exit::Usage, text));
        }
        let command = command.env(ENDPOINT_VARIABLE, endpoint);
        let settings = options.supervision(Readiness::Lives { throughout: Duration::from_secs(1) });
        let supervisor =
            Supervisor::start(command, settings, listener).map_err(|error| spawn_failure(&error))?;
        return Service::new(happenings, None, options.drain)
            .with_workers(Arc::new(supervisor), workers)
            .run();
    }
    let mut builder = options.master.builder(common)?;
    if let Some(pool) = &options.pool {
        builder = builder.pool(pool, PoolSettings::new());
    }
    let served = options.worker_jobs_max.and_then(NonZeroU64::new);
    let runner = builder.worker_served_notice(served).bind().map_err(|error| bind_failure(&error))?;
    tell_where(&runner);
    if workers == 0 {
        warn!("no worker is started here: jobs wait for workers that others start");
    }
    let http = options.http.start(&runner, 1)?;
    let mut settings = options.supervision(Readiness::Registers { within: options.worker_start });
    // A worker that is to follow another registers while that one is still there.
    let room = options.master.workers_max().saturating_sub(settings.workers);
    settings.extra_max = settings.extra_max.min(room);
    let supervisor = runner.supervise(command, settings, listener).map_err(|error| spawn_failure(&error))?;
    if let Some(http) = &http {
        http.tell_of(&supervisor);
    }
    if let Some(pool) = options.pool {
        warn_of_other_pools(&runner, &supervisor, pool);
    }
    Service::new(happenings, Some(runner), options.drain).with_workers(supervisor, workers).run()
}

/// A program may name its pools itself, whatever it is told; then jobs for `--pool` wait for a worker that never comes.
fn warn_of_other_pools(runner: &JobRunner, supervisor: &Arc<Supervisor>, pool: String) {
    // Weak: the supervisor holds the runner, which holds whoever it gives notice to.
    let supervisor = Arc::downgrade(supervisor);
    runner.on_notice(move |notice| {
        let Notice::WorkerRegistered { worker, pid, pools } = notice else { return };
        let is_ours = || supervisor.upgrade().is_some_and(|supervisor| supervisor.pids().contains(pid));
        if !pools.contains(&pool) && is_ours() {
            let offered = pools.join(",");
            warn!(worker, pid, pool, offered, "a worker does not offer the pool of --pool");
        }
    });
}

/// What workers are to log, for those that look: `powerhose work` does.
const LOG_VARIABLE: &str = "POWERHOSE_LOG";
/// How their lines are to look.
const LOG_FORMAT_VARIABLE: &str = "POWERHOSE_LOG_FORMAT";

impl RunOptions {
    fn command(&self, common: &CommonOptions) -> WorkerCommand {
        let (program, arguments) = match self.program.split_first() {
            Some((program, arguments)) => (program.clone(), arguments),
            None => (OsString::new(), &[][..]),
        };
        let name = self.pool.clone().unwrap_or_else(|| DEFAULT_POOL.to_owned());
        let mut command =
            WorkerCommand::new(program).args(arguments).forward(forward(common.log_format, name));
        if let Some(pool) = &self.pool {
            command = command.env(POOL_VARIABLE, pool);
        }
        if let Some(file) = self.master.worker_secret_file().or(common.secret_file.as_deref()) {
            command = command.env(SECRET_FILE_VARIABLE, file);
        }
        if let Some(file) = &common.curve_file {
            command = command.env(CURVE_FILE_VARIABLE, file);
        }
        if let Some(filter) = &common.log {
            command = command.env(LOG_VARIABLE, filter);
        }
        if common.log_format == crate::logs::LogFormat::Json {
            command = command.env(LOG_FORMAT_VARIABLE, "json");
        }
        if self.pin {
            command = command.pinned();
        }
        if let Some(nice) = self.nice {
            command = command.nice(nice);
        }
        match self.address_space_max {
            Some(bytes) => command.address_space_bytes_max(bytes),
            None => command,
        }
    }

    fn supervision(&self, readiness: Readiness) -> SupervisorSettings {
        let defaults = SupervisorSettings::default();
        SupervisorSettings {
            workers: self.workers.count(),
            starting_max: self.worker_starts_max.map_or(defaults.starting_max, usize::from),
            readiness,
            extra_max: self.worker_extra_max,
            drain: self.drain,
            start_failures_max: self.start_failures_max,
            recycling: Recycling {
                age_max: self.worker_age_max,
                jobs_max: self.worker_jobs_max,
                memory_bytes_max: self.worker_memory_max,
                share_max_percent: self.worker_share_max,
                ..Recycling::default()
            },
            ..defaults
        }
    }
}

fn spawn_failure(error: &SpawnError) -> Failure {
    let exit = match error {
        SpawnError::Io { .. } => Exit::System,
        _ => Exit::Program,
    };
    Failure::new(exit, error)
}
