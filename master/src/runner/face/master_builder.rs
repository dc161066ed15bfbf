//! How a runner with a master in this process is made.

use super::job_runner::{JobRunner, Place};
use crate::common::{Notice, PoolSettings, Settings, SharedSecrets};
use crate::desk::{Desk, Identity};
use crate::runner::engine::embedded::EventLoop;
use crate::runner::engine::link::{Command, Link, Subscriber};
use crate::runner::engine::spin::SPIN;
use crate::runner::engine::starting::{random_seed, start};
use crate::wires::router::{Access, Router, TcpPolicy};
use crate::wires::{BindError, IpcAccess, clock, connections_max, raise_open_files_limit};
use powerhose_protocol::{CurveServer, Endpoint};
use powerhose_wires::{Wakeup, choice};
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Settings of a master in this process. Begun by [`JobRunner::builder`], ended by [`bind`](MasterBuilder::bind).
pub struct MasterBuilder {
    settings: Settings,
    endpoints: Vec<String>,
    tcp: TcpPolicy,
    ipc_access: IpcAccess,
    curve: Option<CurveServer>,
    subscribers: Vec<Subscriber>,
    caller_spin: Duration,
}

impl JobRunner {
    /// Starts a master in this process, listening on `endpoint`, with default settings.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(endpoint: impl Into<String>) -> Result<JobRunner, BindError> {
        JobRunner::builder().endpoint(endpoint).bind()
    }

    /// A master in this process, with settings of your own.
    pub fn builder() -> MasterBuilder {
        MasterBuilder::new()
    }
}

impl MasterBuilder {
    pub(super) fn new() -> MasterBuilder {
        MasterBuilder {
            settings: Settings::default(),
            endpoints: Vec::new(),
            tcp: TcpPolicy::LoopbackOnly,
            ipc_access: IpcAccess::Owner,
            curve: None,
            subscribers: Vec::new(),
            caller_spin: SPIN,
        }
    }

    /// Listens here; may be called several times. `ipc:///path/to/socket` or `tcp://127.0.0.1:port` (port 0: any).
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoints.push(endpoint.into());
        self
    }

    /// Replaces all settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Declares a pool: its jobs wait for a worker until their deadline, even if none has ever come.
    pub fn pool(mut self, name: impl Into<String>, settings: PoolSettings) -> Self {
        self.settings.pools.push((name.into(), settings));
        self
    }

    /// How long a caller waits that names no timeout. Default: 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Bytes of a payload or a reply. Default: 64 MiB.
    pub fn payload_bytes_max(mut self, bytes: usize) -> Self {
        self.settings.payload_bytes_max = bytes;
        self
    }

    /// Jobs that may wait at once. Default: 100,000.
    pub fn queue_jobs_max(mut self, jobs: usize) -> Self {
        self.settings.queue_jobs_max = jobs;
        self
    }

    pub(crate) fn workers_max(&self) -> usize {
        self.settings.workers_max
    }

    /// Lets [`Notice::WorkerServed`] say each time that a worker has answered so many jobs. Default: never.
    pub fn worker_served_notice(mut self, jobs: Option<NonZeroU64>) -> Self {
        self.settings.worker_served_notice = jobs;
        self
    }

    /// How long a caller that blocks, while few others do, looks for its reply again and again before it sleeps: a core
    /// that is kept awake answers short jobs up to twice as fast. It does not where the last wait was over three times as
    /// long, nor where others keep the cores busy, and never with a single core. Up to 1 ms, zero for never. Default:
    /// 100 µs.
    pub fn caller_spin(mut self, spin: Duration) -> Self {
        self.caller_spin = spin;
        self
    }

    /// Is told what happens to workers and clients, on whichever thread turns the master's loop: it must be quick and must not block.
    pub fn on_notice(mut self, mut subscriber: impl FnMut(&Notice) + Send + 'static) -> Self {
        self.subscribers.push(Box::new(move |notice| {
            subscriber(notice);
            ControlFlow::Continue(())
        }));
        self
    }

    /// Lets only peers in that prove to know a secret; without a call, everybody who reaches an endpoint is let in.
    /// Then it may also listen on TCP addresses that other machines reach. Nothing is encrypted by it.
    pub fn shared_secrets(mut self, secrets: SharedSecrets) -> Self {
        self.settings.secrets = secrets;
        self
    }

    /// Lets it listen on TCP addresses that other machines reach, although nobody is authenticated and nothing is
    /// encrypted: whoever reaches the port can send jobs, and can register as a worker and read them.
    pub fn insecure_tcp(mut self) -> Self {
        self.tcp = TcpPolicy::Insecure;
        self
    }

    /// Who may connect over `ipc://`. Default: this user only.
    pub fn ipc_access(mut self, access: IpcAccess) -> Self {
        self.ipc_access = access;
        self
    }

    /// Encrypts every `tcp://` endpoint with CurveZMQ, and lets in only peers whose keys are on the list. Then they may be
    /// addresses that other machines reach. It needs a libzmq that was built with it (SECURITY.md).
    pub fn curve(mut self, keys: CurveServer) -> Self {
        self.tcp = TcpPolicy::Authenticated;
        self.curve = Some(keys);
        self
    }

    fn check_curve(&self) -> Result<(), BindError> {
        let Some(server) = &self.curve else { return Ok(()) };
        if !choice::has_curve() {
            return Err(BindError::NoCurve);
        }
        if server.allowed.is_empty() {
            let problem = "the list of CURVE keys that may connect has at least one";
            return Err(BindError::BadSetting { problem });
        }
        Ok(())
    }

    /// Starts the master, on a thread of its own.
    ///
    /// # Errors
    /// See [`BindError`]; nothing half-begun is left behind.
    pub fn bind(self) -> Result<JobRunner, BindError> {
        let endpoints =
            self.endpoints.iter().map(|text| text.parse()).collect::<Result<Vec<Endpoint>, _>>()?;
        self.check_curve()?;
        if let Some(problem) = self.settings.problem() {
            return Err(BindError::BadSetting { problem });
        }
        let endpoint = self.endpoints.first().cloned().unwrap_or_default();
        let failed = |action| {
            let endpoint = endpoint.clone();
            move |source| BindError::Io { endpoint, action, source }
        };
        let peers_max = self.settings.workers_max.saturating_add(self.settings.clients_max);
        let connections_max = connections_max(peers_max, raise_open_files_limit());
        let wakeup = Arc::new(Wakeup::new().map_err(failed("its wake-up"))?);
        let tcp = if self.settings.secrets.is_empty() { self.tcp } else { TcpPolicy::Authenticated };
        let access = Access { tcp, ipc: self.ipc_access, curve: self.curve, connections_max };
        let router = Router::bind(&endpoints, &access, self.settings.payload_bytes_max, wakeup.clone())?;
        let bound = router.endpoints().to_vec();
        let outlook = router.outlook();
        let timeout = self.settings.timeout;
        let seed = random_seed().map_err(failed("its seed"))?;
        let desk = Desk::new(self.settings, identity(), seed, clock::now());
        let (sender, commands) = crossbeam_channel::unbounded::<Command>();
        let event_loop = EventLoop::new(router, desk, commands, wakeup.clone(), self.subscribers);
        let link = Link::new(sender, wakeup, timeout);
        let link =
            start("powerhose-master", event_loop, link, self.caller_spin).map_err(failed("its thread"))?;
        Ok(JobRunner::new(link, Place::Embedded, bound).with_outlook(outlook))
    }
}

fn identity() -> Identity {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Identity { pid: std::process::id(), host }
}
