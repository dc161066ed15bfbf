//! A master in this process and worker processes of one program beside it: for programs, examples and tests that want
//! everything with one call.

mod folder;
mod start;
mod supervise;

use crate::cores::cores;
use crate::runner::{JobRunner, JobsLost, MasterBuilder};
use crate::supervisor::{
    Readiness, Recycling, SpawnError, StartFailure, Supervisor, SupervisorSettings, WorkerCommand,
    WorkerOutput,
};
use crate::wires::BindError;
use folder::PrivateFolder;
use powerhose_protocol::Endpoint;
use start::{Wait, supervise};
use std::ffi::OsString;
use std::io;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long the workers of a cluster may take to register before it is an error.
const WORKER_START: Duration = Duration::from_secs(10);
/// How long a worker that was asked to leave may take once its last job has ended.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// A master in this process and its worker processes, which are started again when they die.
///
/// Dropping it ends everything at once: the workers are killed, and jobs that have not ended are lost. The workers end
/// with this process in any case, also when it is killed, and so does all that they have started.
///
/// It catches no signal. A program that is to end in good order at SIGTERM catches that itself and calls
/// [`close`](Cluster::close); otherwise its jobs are lost with it.
pub struct Cluster {
    // Dropped in this order: the workers, then their master, then the folder with its socket.
    supervisor: Arc<Supervisor>,
    runner: JobRunner,
    _folder: Option<PrivateFolder>,
}

/// What a [`Cluster`] is made of. Begun by [`Cluster::builder`], ended by [`start`](ClusterBuilder::start).
pub struct ClusterBuilder {
    command: WorkerCommand,
    workers: usize,
    worker_start: Duration,
    endpoint: Option<String>,
    recycling: Recycling,
    master: MasterBuilder,
}

/// Why a cluster did not start. Nothing of it is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The master could not begin to listen.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The worker program is not there, cannot be executed, or the system refused.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The folder for the master's socket could not be made.
    #[error("cannot make a private folder in {parent}: {source}")]
    Folder {
        /// Where.
        parent: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A worker did not get as far as registering.
    #[error("worker program `{}` did not start: {failure}", program.display())]
    Worker {
        /// The program.
        program: PathBuf,
        /// What happened.
        failure: StartFailure,
    },
    /// Too few workers registered in time.
    #[error(
        "{registered} of {wanted} workers of `{}` registered, and {starting} that started together did not within {} ms; \
         worker_start gives those that need longer to load more time",
        program.display(), within.as_millis()
    )]
    WorkersMissing {
        /// The program.
        program: PathBuf,
        /// How many were to come.
        wanted: usize,
        /// How many came.
        registered: usize,
        /// How many were starting at that time, the late one included.
        starting: usize,
        /// How long each of them had.
        within: Duration,
    },
}

impl Cluster {
    /// A cluster of workers of this program, which finds its master through
    /// [`POWERHOSE_ENDPOINT`](powerhose_protocol::ENDPOINT_VARIABLE), as `Worker::from_env()` does. A name without a slash is looked up in
    /// `PATH`.
    ///
    /// What workers print comes out where this process prints, each line with its worker's slot: `worker-3 | …`. With
    /// `.command(|command| command.output(WorkerOutput::Inherit))` it comes as it is, and
    /// [`forward`](WorkerCommand::forward) hands it to a function.
    pub fn builder(program: impl Into<PathBuf>) -> ClusterBuilder {
        ClusterBuilder {
            command: WorkerCommand::new(program).output(WorkerOutput::Named),
            workers: cores(),
            worker_start: WORKER_START,
            endpoint: None,
            recycling: Recycling::default(),
            master: JobRunner::builder(),
        }
    }

    /// What runs jobs on the workers.
    pub fn runner(&self) -> JobRunner {
        self.runner.clone()
    }

    /// The process ids of the workers, in the order of their slots.
    pub fn pids(&self) -> Vec<u32> {
        self.supervisor.pids()
    }

    /// Takes no further jobs, lets those it has finish for up to `drain_timeout`, then ends the workers and the master.
    ///
    /// # Errors
    /// Some jobs were lost or timed out meanwhile.
    pub fn close(self, drain_timeout: Duration) -> Result<(), JobsLost> {
        let closed = self.runner.close(drain_timeout);
        self.supervisor.stop_all(LEAVE_WITHIN);
        self.supervisor.wait_finished(LEAVE_WITHIN * 2);
        closed
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("runner", &self.runner).field("pids", &self.pids()).finish()
    }
}

impl ClusterBuilder {
    /// Adds an argument for the worker program.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.command = self.command.arg(argument);
        self
    }

    /// Adds arguments for the worker program.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.command = self.command.args(arguments);
        self
    }

    /// Sets a variable in the workers' environment, beside those of this process.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.command = self.command.env(name, value);
        self
    }

    /// Changes how the workers are started: `.command(|command| command.nice(5))`.
    pub fn command(mut self, change: impl FnOnce(WorkerCommand) -> WorkerCommand) -> Self {
        self.command = change(self.command);
        self
    }

    /// How many workers. Default: one for each core that this process may use.
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// How long a worker may take to register, from its own start: as many start at once as there are cores. Default: 10 s.
    pub fn worker_start(mut self, within: Duration) -> Self {
        self.worker_start = within;
        self
    }

    /// Where the master listens. Default: a socket in a private folder that is removed at the end.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Replaces workers that have lived, worked or grown for long enough. Default: never.
    pub fn recycling(mut self, recycling: Recycling) -> Self {
        self.recycling = recycling;
        self
    }

    /// Changes the master's settings: `.master(|master| master.timeout(…).pool(…))`.
    pub fn master(mut self, change: impl FnOnce(MasterBuilder) -> MasterBuilder) -> Self {
        self.master = change(self.master);
        self
    }

    /// Starts the master and the workers, and waits until all of them have registered.
    ///
    /// # Errors
    /// See [`ClusterError`]; nothing is left running.
    pub fn start(self) -> Result<Cluster, ClusterError> {
        let (endpoint, folder) = match self.endpoint {
            Some(endpoint) => (endpoint, None),
            None => {
                let folder = PrivateFolder::make()?;
                (Endpoint::Ipc(folder.path().join("master.ipc")).to_string(), Some(folder))
            }
        };
        // A worker that is to follow another registers while that one is still there.
        let room = self.master.workers_max().saturating_sub(self.workers);
        let extra_max = SupervisorSettings::default().extra_max.min(room);
        let jobs_max = self.recycling.jobs_max.and_then(NonZeroU64::new);
        let runner = self.master.endpoint(endpoint).worker_served_notice(jobs_max).bind()?;
        let program = self.command.program().to_owned();
        let starting_max = SupervisorSettings::default().starting_max;
        let settings = SupervisorSettings {
            workers: self.workers,
            starting_max,
            extra_max,
            readiness: Readiness::Registers { within: self.worker_start },
            recycling: self.recycling,
            ..SupervisorSettings::default()
        };
        let (happened, events) = crossbeam_channel::unbounded();
        let supervisor = supervise(self.command, settings, &runner, happened)?;
        let wait = Wait { program, wanted: self.workers, within: self.worker_start, starting_max };
        wait.until_all_are_there(&events)?;
        Ok(Cluster { supervisor, runner, _folder: folder })
    }
}
