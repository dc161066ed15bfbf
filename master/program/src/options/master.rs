//! What `run` and `master` let their operator say of the master itself.

use super::common::{CommonOptions, read_secret};
use super::values::{duration, endpoint, pool, size};
use crate::exit::{Exit, Failure};
use clap::{Args, ValueEnum};
use powerhose::{
    BindError, CurveServer, IpcAccess, JobRunner, MasterBuilder, Overload, PoolSettings, Settings,
    SharedSecrets,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What becomes of a job that could not begin before its deadline.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OverloadChoice {
    /// It is refused at once.
    Refuse,
    /// It waits until its deadline.
    Wait,
}

/// Bounds and times of a master.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of the master")]
pub(crate) struct MasterOptions {
    /// Listens here; may be given several times. Default: the endpoint of --endpoint.
    #[arg(long, value_name = "ENDPOINT", value_delimiter = ',', value_parser = endpoint)]
    bind: Vec<String>,
    /// How long a caller waits that names no timeout.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = time(Settings::default().timeout))]
    timeout: Duration,
    /// How many workers may die with a job before it ends as lost.
    #[arg(long, value_name = "N", default_value_t = Settings::default().attempts_max)]
    attempts_max: u32,
    /// How long past its deadline a handler may run before its worker ends itself.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = time(Settings::default().overrun_grace))]
    overrun_grace: Duration,
    /// How often master and peers say that they live.
    #[arg(long, value_name = "TIME", value_parser = duration,
        default_value = time(Settings::default().heartbeat_interval))]
    heartbeat_interval: Duration,
    /// How long a peer may be silent before it counts as gone.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = time(Settings::default().silence_max))]
    silence_max: Duration,
    /// How long a job waits for a pool that nobody declared and no worker has offered.
    #[arg(long, value_name = "TIME", value_parser = duration,
        default_value = time(Settings::default().unknown_pool_wait))]
    unknown_pool_wait: Duration,
    /// What becomes of a job that could not begin before its deadline, at the pace of its pool.
    #[arg(long, value_enum, default_value_t = OverloadChoice::Refuse)]
    overload: OverloadChoice,
    /// Jobs that may wait at once.
    #[arg(long, value_name = "N", default_value_t = Settings::default().queue_jobs_max)]
    queue_jobs_max: usize,
    /// Bytes of the jobs that may wait at once.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = memory(Settings::default().queue_bytes_max))]
    queue_bytes_max: usize,
    /// Bytes of a payload or a reply.
    #[arg(long, value_name = "SIZE", value_parser = size,
        default_value = memory(Settings::default().payload_bytes_max))]
    payload_bytes_max: usize,
    /// Workers at once.
    #[arg(long, value_name = "N", default_value_t = Settings::default().workers_max)]
    workers_max: usize,
    /// Clients at once.
    #[arg(long, value_name = "N", default_value_t = Settings::default().clients_max)]
    clients_max: usize,
    /// Pools at once.
    #[arg(long, value_name = "N", default_value_t = Settings::default().pools_max)]
    pools_max: usize,
    /// A pool whose jobs wait for a worker even before one has come: NAME, or
    /// NAME:soft=50ms,overruns=3,credit=1,end=1s. May be given several times, or with spaces between them.
    #[arg(long, value_name = "POOL", value_delimiter = ' ', value_parser = declared)]
    declare: Vec<DeclaredPool>,
    /// A file with a secret that workers prove to know; several, with commas, while one replaces another.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    worker_secret_file: Vec<PathBuf>,
    /// A file with a secret that clients prove to know; several, with commas, while one replaces another.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    client_secret_file: Vec<PathBuf>,
    /// Encrypts tcp:// endpoints with CURVE, with the keys in this file (SECURITY.md). Needs a build that has it.
    #[arg(long, value_name = "FILE")]
    curve_server_file: Option<PathBuf>,
    /// Lets members of this group, by name or number, connect over ipc://. Default: this user only.
    #[arg(long, value_name = "GROUP", value_parser = super::values::group)]
    ipc_group: Option<u32>,
    /// Listens where other machines reach it although nobody has to prove anything: whoever reaches the port can send
    /// jobs, and read those of others.
    #[arg(long)]
    insecure_tcp: bool,
}

/// A pool that exists before its first worker.
type DeclaredPool = (String, PoolSettings);

impl MasterOptions {
    /// A master that is ready to be bound.
    pub(crate) fn builder(&self, common: &CommonOptions) -> Result<MasterBuilder, Failure> {
        let endpoints = if self.bind.is_empty() { vec![common.endpoint()?] } else { self.bind.clone() };
        let read = |files: &[PathBuf]| files.iter().map(|file| read_secret(file)).collect::<Result<_, _>>();
        let secrets = SharedSecrets {
            workers: read(&self.worker_secret_file)?,
            clients: read(&self.client_secret_file)?,
        };
        let mut builder = JobRunner::builder().settings(self.settings()).shared_secrets(secrets);
        for endpoint in endpoints {
            builder = builder.endpoint(endpoint);
        }
        for (name, settings) in &self.declare {
            builder = builder.pool(name, settings.clone());
        }
        if let Some(file) = &self.curve_server_file {
            let keys = CurveServer::from_file(file).map_err(|error| Failure::new(Exit::Usage, error))?;
            builder = builder.curve(keys);
        }
        if let Some(group) = self.ipc_group {
            builder = builder.ipc_access(IpcAccess::Group(group));
        }
        Ok(if self.insecure_tcp { builder.insecure_tcp() } else { builder })
    }

    /// The secret that workers on this machine prove to know, if any: the newest of several.
    pub(crate) fn worker_secret_file(&self) -> Option<&Path> {
        self.worker_secret_file.last().map(PathBuf::as_path)
    }

    /// How many workers may be registered.
    pub(crate) fn workers_max(&self) -> usize {
        self.workers_max
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.timeout = self.timeout;
        settings.attempts_max = self.attempts_max;
        settings.overrun_grace = self.overrun_grace;
        settings.heartbeat_interval = self.heartbeat_interval;
        settings.silence_max = self.silence_max;
        settings.unknown_pool_wait = self.unknown_pool_wait;
        settings.overload = match self.overload {
            OverloadChoice::Refuse => Overload::Refuse,
            OverloadChoice::Wait => Overload::Wait,
        };
        settings.queue_jobs_max = self.queue_jobs_max;
        settings.queue_bytes_max = self.queue_bytes_max;
        settings.payload_bytes_max = self.payload_bytes_max;
        settings.workers_max = self.workers_max;
        settings.clients_max = self.clients_max;
        settings.pools_max = self.pools_max;
        settings
    }
}

/// Why a master does not listen, with its exit status.
pub(crate) fn bind_failure(error: &BindError) -> Failure {
    let exit = match error {
        BindError::AlreadyRunning { .. } => Exit::AlreadyRunning,
        BindError::Endpoint(_)
        | BindError::NoEndpoint
        | BindError::BadSetting { .. }
        | BindError::NoCurve => Exit::Usage,
        _ => Exit::Bind,
    };
    // The library names its settings; an operator has flags.
    if let BindError::Insecure { endpoint } = error {
        let text = format!(
            "{endpoint} can be reached from other machines, and nobody has to prove anything: give --worker-secret-file \
             and --client-secret-file, or --curve-server-file, or listen on ipc:// or loopback; --insecure-tcp allows it"
        );
        return Failure::new(exit, text);
    }
    Failure::new(exit, error)
}

fn declared(text: &str) -> Result<DeclaredPool, String> {
    let (name, settings) = text.split_once(':').unwrap_or((text, ""));
    let (mut soft, mut overruns, mut declared) = (None, 0, PoolSettings::new());
    for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
        let number = |value: &str| value.parse::<u32>().map_err(|_| format!("`{value}` is no number"));
        match setting.split_once('=') {
            Some(("soft", value)) => soft = Some(duration(value)?),
            Some(("overruns", value)) => overruns = number(value)?,
            Some(("credit", value)) => declared = declared.credit(number(value)?),
            Some(("end", value)) => declared = declared.end_within(duration(value)?),
            _ => return Err(format!("`{setting}` is none of soft=TIME, overruns=N, credit=N, end=TIME")),
        }
    }
    if let Some(soft) = soft {
        declared = declared.run_time_soft(soft, overruns);
    }
    Ok((pool(name)?, declared))
}

/// A default as a user would write it.
pub(crate) fn time(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

fn memory(bytes: usize) -> String {
    match bytes.is_multiple_of(1 << 20) {
        true => format!("{}MiB", bytes >> 20),
        false => bytes.to_string(),
    }
}
