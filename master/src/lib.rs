//! The master of Powerhose: hands CPU-bound jobs to worker processes and brings the replies back.
//!
//! [`JobRunner`] is what a web service uses. Behind it, on a thread of its own or in another process, a loop drives the
//! [`dispatcher`](crate::dispatcher::Dispatcher), a pure state machine, over a ZeroMQ ROUTER socket.

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod client;
mod cluster;
mod cores;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod dispatcher;
mod headers;
mod limiter;
mod maps;
mod runner;
mod supervisor;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
mod timers;
mod transport;
mod worker_exit;

pub use cluster::{Cluster, ClusterBuilder, ClusterError};
pub use cores::cores;
pub use dispatcher::{
    CurrentJob, Ends, GoneCause, Histogram, LostCause, Notice, PoolSettings, PoolStats, Rejection,
    Rejections, Settings, SharedSecrets, Stats, Times, WorkerCounts, WorkerInfo, WorkerState,
};
pub use headers::Headers;
pub use powerhose_protocol::{
    CURVE_FILE_VARIABLE, CurveClient, CurveError, CurveKey, CurveKeyPair, CurveServer, DEFAULT_POOL,
    ENDPOINT_VARIABLE, Endpoint, EndpointError, JobId, POOL_VARIABLE, SECRET_FILE_VARIABLE, SecretError,
    SharedSecret,
};
pub use runner::{
    ClientBuilder, ConnectError, IntoPayload, Job, JobError, JobErrorKind, JobHandle, JobRunner, JobsLost,
    MasterBuilder, MasterGone, Operator, OperatorError, Order, Progress, Reply, Selector, WorkersMissing,
};
pub use supervisor::{
    Readiness, Recycling, SpawnError, StartFailure, Supervisor, SupervisorEvent, SupervisorSettings,
    WORKERS_MAX, Wear, WorkerCommand, WorkerLine, WorkerOutput, WorkerStream,
};
pub use transport::{BindError, Capabilities, IpcAccess, capabilities};
pub use worker_exit::WorkerExit;
