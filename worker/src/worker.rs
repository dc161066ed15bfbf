//! The worker as its program sees it: settings, then `run` or `open`.

use crate::machine::{PoolSettings, Settings, truncated};
use crate::runtime::{self, Engine, Master};
use crate::stop::StopWatch;
use crate::{CurveClient, Endpoint, Job, JobFailure, PulledWorker, Reply, StopHandle, WorkerError};
use powerhose_protocol::{
    CURVE_FILE_VARIABLE, Credentials, DEFAULT_POOL, ENDPOINT_VARIABLE, POOL_VARIABLE, SECRET_FILE_VARIABLE,
    SharedSecret, limits,
};
use std::time::Duration;

/// How many jobs of a pool a worker takes at once, unless told otherwise. How many it gets is the master's decision.
const CREDIT_MAX: u64 = 64;
/// How long a worker waits for a silent master, unless told otherwise.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How the worker introduces itself, unless told otherwise.
const SOFTWARE: &str = concat!("powerhose-worker/", env!("CARGO_PKG_VERSION"));

/// A worker that has not started yet. Nothing is sent before [`run`](Worker::run) or [`open`](Worker::open).
#[derive(Debug)]
pub struct Worker {
    endpoint: Endpoint,
    pools: Vec<PoolSettings>,
    /// What is offered if the program names no pool.
    pools_default: Vec<String>,
    labels: Vec<(String, String)>,
    software: String,
    secret: Option<SharedSecret>,
    curve: Option<CurveClient>,
    silence_max: Duration,
    signals: Signals,
    stop: StopWatch,
}

#[derive(Debug)]
enum Signals {
    Handled,
    Ignored,
}

impl Worker {
    /// A worker of the master at this endpoint: `ipc:///path/to/socket` or `tcp://host:port`.
    ///
    /// # Errors
    /// [`WorkerError::Endpoint`] if it is none; [`WorkerError::System`] if the process has no file descriptor left.
    pub fn connect(endpoint: &str) -> Result<Worker, WorkerError> {
        Ok(Worker {
            endpoint: endpoint.parse()?,
            pools: Vec::new(),
            pools_default: vec![DEFAULT_POOL.to_owned()],
            labels: Vec::new(),
            software: SOFTWARE.to_owned(),
            secret: None,
            curve: None,
            silence_max: SILENCE_MAX,
            signals: Signals::Handled,
            stop: StopWatch::new()?,
        })
    }

    /// A worker of the master that the environment variable `POWERHOSE_ENDPOINT` names; a supervisor sets it.
    ///
    /// If `POWERHOSE_POOL` is set, the worker offers the pools that it names, with commas between them, unless the
    /// program itself names [pools](Worker::pool): what a handler is made for, nobody outside can know better. If
    /// `POWERHOSE_SECRET_FILE` is set, that file's secret is [shared](Worker::shared_secret) with the master; with
    /// `POWERHOSE_CURVE_FILE`, that file's keys [encrypt](Worker::curve).
    ///
    /// # Errors
    /// [`WorkerError::NoEndpoint`] if it is not set or no UTF-8, [`WorkerError::Secret`] or
    /// [`WorkerError::Curve`] if the file holds none, and those of [`connect`](Worker::connect).
    pub fn from_env() -> Result<Worker, WorkerError> {
        let endpoint = std::env::var(ENDPOINT_VARIABLE)
            .map_err(|_| WorkerError::NoEndpoint { variable: ENDPOINT_VARIABLE })?;
        let mut worker = Worker::connect(&endpoint)?;
        if let Some(pools) = std::env::var_os(POOL_VARIABLE) {
            worker.pools_default = pools.to_string_lossy().split(',').map(str::to_owned).collect();
        }
        if let Some(file) = std::env::var_os(SECRET_FILE_VARIABLE) {
            worker = worker.shared_secret(SharedSecret::from_file(file)?);
        }
        if let Some(file) = std::env::var_os(CURVE_FILE_VARIABLE) {
            worker = worker.curve(CurveClient::from_file(file)?);
        }
        Ok(worker)
    }

    /// Proves itself to the master with this secret, and works only for a master that knows it too.
    #[must_use]
    pub fn shared_secret(mut self, secret: SharedSecret) -> Worker {
        self.secret = Some(secret);
        self
    }

    /// Connects with these keys, encrypted, to a `tcp://` endpoint of a master that encrypts. It needs a libzmq that was
    /// built with CURVE. A master with another key, or that does not have this worker's on its list, is never reached.
    #[must_use]
    pub fn curve(mut self, keys: CurveClient) -> Worker {
        self.curve = Some(keys);
        self
    }

    /// Offers this pool, besides those offered before. Without any, the worker offers those of the environment
    /// (if it is made [from it](Worker::from_env)), or `default`.
    #[must_use]
    pub fn pool(self, name: impl Into<String>) -> Worker {
        self.pool_with_credit(name, CREDIT_MAX)
    }

    /// Offers this pool and takes at most so many of its jobs at once, from 1 (a job only while none runs) to 1024. They
    /// wait in the worker while one runs, so more than one only helps where jobs are short; the master decides how many
    /// of them it uses. A name given twice counts with its last credit.
    #[must_use]
    pub fn pool_with_credit(mut self, name: impl Into<String>, credit_max: u64) -> Worker {
        let name = name.into();
        self.pools.retain(|pool| pool.name != name);
        self.pools.push(PoolSettings { name, credit_max });
        self
    }

    /// Adds a label that its operator sees beside the worker. The last value of a name counts; 32 labels with 4 KiB in all
    /// are allowed.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Worker {
        let name = name.into();
        self.labels.retain(|(earlier, _)| *earlier != name);
        self.labels.push((name, value.into()));
        self
    }

    /// Name and version of the program, for the master's logs; cut to 255 bytes.
    #[must_use]
    pub fn software(mut self, software: impl Into<String>) -> Worker {
        self.software = truncated(software.into(), limits::WORD_BYTES_MAX);
        self
    }

    /// How long the master may be silent, from the start or later, before the worker gives up. 30 seconds unless set.
    /// Below a few heartbeats (of a second each, unless the master says otherwise) a healthy master looks silent.
    #[must_use]
    pub fn silence_max(mut self, silence_max: Duration) -> Worker {
        self.silence_max = silence_max;
        self
    }

    /// Leaves SIGTERM and SIGINT to the program. Otherwise each of them does what [`StopHandle::stop`] does, for as long
    /// as [`run`](Worker::run) runs or the [`PulledWorker`] lives; after it they are ignored.
    #[must_use]
    pub fn ignore_signals(mut self) -> Worker {
        self.signals = Signals::Ignored;
        self
    }

    /// A handle that tells this worker to leave.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.handle()
    }

    /// Registers, and calls the handler with one job after the other on this thread, until the worker is told to leave.
    ///
    /// A second thread sends heartbeats and reads messages while the handler runs. A panic of the handler is caught and
    /// fails the job with the code `panic` (unless the program is built to abort); the worker lives on. When the master
    /// restarts, the worker registers again; the reply to a job of the master before it is dropped. A handler that runs
    /// far beyond its job's deadline ends the process with
    /// [`WATCHDOG_EXIT_STATUS`](crate::WATCHDOG_EXIT_STATUS).
    ///
    /// Returns `Ok` after SIGTERM, SIGINT, [`StopHandle::stop`], or a farewell from the master.
    ///
    /// # Errors
    /// [`BadPool`](WorkerError::BadPool) and [`TooManyLabels`](WorkerError::TooManyLabels) at once;
    /// [`Refused`](WorkerError::Refused) when the master answers so;
    /// [`MasterUnreachable`](WorkerError::MasterUnreachable) after [`silence_max`](Worker::silence_max);
    /// [`System`](WorkerError::System) for what ZeroMQ or the system refuse.
    pub fn run<R, H>(self, handler: H) -> Result<(), WorkerError>
    where
        R: Into<Reply>,
        H: FnMut(&Job) -> Result<R, JobFailure>,
    {
        runtime::run(&self.engine()?, handler)
    }

    /// Connects and registers, for a program that asks for its jobs itself: see [`PulledWorker`]. Returns at once; the
    /// master may not be there yet.
    ///
    /// # Errors
    /// Those of [`run`](Worker::run) that it gives at once; the others come from
    /// [`next_job`](PulledWorker::next_job).
    pub fn open(self) -> Result<PulledWorker, WorkerError> {
        Ok(PulledWorker::new(self.engine()?))
    }

    fn engine(self) -> Result<Engine, WorkerError> {
        let settings = self.settings()?;
        let signals = match self.signals {
            Signals::Handled => Some(self.stop.watch_signals()?),
            Signals::Ignored => None,
        };
        let master = Master { endpoint: &self.endpoint, curve: self.curve.as_ref() };
        Engine::open(master, settings, self.stop, signals)
    }

    fn settings(&self) -> Result<Settings, WorkerError> {
        let pools = self.offered();
        check_pools(&pools)?;
        check_labels(&self.labels)?;
        let uname = rustix::system::uname();
        Ok(Settings {
            pools,
            software: self.software.clone(),
            host: truncated(uname.nodename().to_string_lossy().into_owned(), limits::WORD_BYTES_MAX),
            instance: random_instance()?,
            pid: std::process::id().into(),
            labels: self.labels.clone(),
            credentials: self.credentials()?,
            silence_max: self.silence_max.min(Duration::from_millis(limits::DURATION_MS_MAX)),
        })
    }
}

impl Worker {
    fn offered(&self) -> Vec<PoolSettings> {
        if !self.pools.is_empty() {
            return self.pools.clone();
        }
        let mut pools: Vec<PoolSettings> = Vec::new();
        for name in &self.pools_default {
            if !pools.iter().any(|pool| pool.name == *name) {
                pools.push(PoolSettings { name: name.clone(), credit_max: CREDIT_MAX });
            }
        }
        pools
    }

    fn credentials(&self) -> Result<Option<Credentials>, WorkerError> {
        let Some(secret) = self.secret.clone() else { return Ok(None) };
        let mut seed = [0; limits::NONCE_BYTES];
        fill_random(&mut seed)?;
        Ok(Some(Credentials { secret, seed }))
    }
}

fn check_pools(pools: &[PoolSettings]) -> Result<(), WorkerError> {
    let bad = |pool: &PoolSettings, reason| Err(WorkerError::BadPool { pool: pool.name.clone(), reason });
    for (place, pool) in pools.iter().enumerate() {
        if !limits::is_pool_name(&pool.name) {
            return bad(pool, "a name is 1 to 64 of the characters a-z A-Z 0-9 . _ -");
        }
        if !(1..=limits::CREDIT_MAX).contains(&pool.credit_max) {
            return bad(pool, "a credit is a number from 1 to 1024");
        }
        if place >= limits::POOLS_PER_WORKER_MAX {
            return bad(pool, "a worker can offer 64 pools");
        }
    }
    Ok(())
}

fn check_labels(labels: &[(String, String)]) -> Result<(), WorkerError> {
    let (count, count_max, bytes_max) = (labels.len(), limits::LABELS_MAX, limits::LABELS_BYTES_MAX);
    let bytes = labels.iter().map(|(name, value)| name.len() + value.len()).sum();
    if count > count_max || bytes > bytes_max {
        return Err(WorkerError::TooManyLabels { count, count_max, bytes, bytes_max });
    }
    Ok(())
}

/// 32 random hex digits: tells this start of the process from every other.
fn random_instance() -> Result<String, WorkerError> {
    let mut bytes = [0; 16];
    fill_random(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// For few bytes: up to 256 come whole or not at all.
fn fill_random(bytes: &mut [u8]) -> Result<(), WorkerError> {
    rustix::io::retry_on_intr(|| rustix::rand::getrandom(&mut *bytes, rustix::rand::GetRandomFlags::empty()))
        .map(drop)
        .map_err(|error| WorkerError::system("get random bytes", error))
}
