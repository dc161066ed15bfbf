//! The master of Powerhose: hands CPU-bound jobs to worker processes and brings the replies back.
//!
//! [`JobRunner`] is what a web service uses. Behind it, on a thread of its own or in another process, a loop drives the
//! [desk](crate::desk::Desk) and the dispatcher behind it, pure state machines, over a ZeroMQ ROUTER socket.

#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod client;
mod cluster;
mod common;
mod cores;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod desk;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
mod dispatcher;
mod limiter;
mod maps;
mod runner;
mod state;
mod supervisor;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
mod timers;
mod transport;

pub use cluster::{Cluster, ClusterBuilder, ClusterError};
pub use common::{
    CurrentJob, Ends, GoneCause, Headers, Histogram, LostCause, Notice, PoolSettings, PoolStats, Rejection,
    Rejections, Settings, SharedSecrets, Stats, Times, WorkerCounts, WorkerExit, WorkerInfo, WorkerState,
};
pub use cores::cores;
pub use powerhose_protocol::{
    CURVE_FILE_VARIABLE, CurveClient, CurveError, CurveKey, CurveKeyPair, CurveServer, DEFAULT_POOL,
    ENDPOINT_VARIABLE, Endpoint, EndpointError, JobId, POOL_VARIABLE, SECRET_FILE_VARIABLE, SecretError,
    SharedSecret,
};
#[cfg(feature = "libzmq")]
pub use powerhose_wires::libzmq::{Capabilities, capabilities};
pub use runner::{
    Canceller, ClientBuilder, ConnectError, IntoPayload, Job, JobError, JobErrorKind, JobHandle, JobRunner,
    JobsLost, MasterBuilder, MasterGone, Operator, OperatorError, Order, Progress, Reply, Selector,
    WorkersMissing,
};
pub use supervisor::{
    Readiness, Recycling, SpawnError, StartFailure, Supervisor, SupervisorEvent, SupervisorSettings,
    WORKERS_MAX, Wear, WorkerCommand, WorkerLine, WorkerOutput, WorkerStream,
};
pub use transport::{BindError, IpcAccess};
