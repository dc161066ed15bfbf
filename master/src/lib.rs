//! Hands CPU-bound jobs to worker processes and brings the replies back.
//!
//! | feature | what comes with it |
//! |---|---|
//! | `master` | a master in this process ([`JobRunner::bind`]), and a [`Cluster`] of worker processes around it |
//! | `client` | [`JobRunner::connect`] to a master in another process, and the [`Operator`]; nothing of a master is compiled |
//! | `worker` | [`Worker`], which runs jobs, and the rest of [`worker`] |
//! | `libzmq` | CURVE over TCP, by libzmq |
//!
//! All are on by default.
//!
//! [`JobRunner`] is what a web service uses. Behind it, on a thread of its own or in another process, a loop drives the
//! [desk](crate::desk::Desk) and the dispatcher behind it, pure state machines, over a ZeroMQ ROUTER socket.

#![cfg_attr(
    not(all(feature = "master", feature = "client")),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "of what master and client share, each alone needs a part"
    )
)]

#[cfg(any(feature = "master", feature = "client"))]
mod calls;
#[cfg(feature = "client")]
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod client;
#[cfg(feature = "master")]
mod cluster;
#[cfg(any(feature = "master", feature = "client"))]
mod common;
mod cores;
#[cfg(feature = "master")]
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod desk;
#[cfg(feature = "master")]
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
mod dispatcher;
#[cfg(any(feature = "master", feature = "client"))]
mod maps;
#[cfg(any(feature = "master", feature = "client"))]
mod runner;
#[cfg(any(feature = "master", feature = "client"))]
mod state;
#[cfg(feature = "master")]
mod supervisor;
#[cfg(any(feature = "master", feature = "client"))]
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
mod timers;
#[cfg(any(feature = "master", feature = "client"))]
mod wires;

#[cfg(feature = "master")]
pub use cluster::{Cluster, ClusterBuilder, ClusterError};
#[cfg(feature = "master")]
pub use common::Reachability;
#[cfg(any(feature = "master", feature = "client"))]
pub use common::{
    CurrentJob, Ends, ForgottenPools, GoneCause, Headers, Histogram, LostCause, Notice, Overload,
    PoolSettings, PoolStats, Rejection, Rejections, Settings, SharedSecrets, Stats, Times, WorkerCounts,
    WorkerExit, WorkerInfo, WorkerState,
};
pub use cores::cores;
pub use powerhose_protocol::{
    CURVE_FILE_VARIABLE, CurveClient, CurveError, CurveKey, CurveKeyPair, CurveServer, DEFAULT_POOL,
    ENDPOINT_VARIABLE, Endpoint, EndpointError, JobId, POOL_VARIABLE, SECRET_FILE_VARIABLE, SecretError,
    SharedSecret,
};
#[cfg(feature = "libzmq")]
pub use powerhose_wires::libzmq::{Capabilities, capabilities};
#[cfg(feature = "worker")]
#[doc(inline)]
pub use powerhose_worker as worker;
#[cfg(feature = "worker")]
pub use powerhose_worker::Worker;
#[cfg(feature = "master")]
pub use runner::MasterBuilder;
#[cfg(any(feature = "master", feature = "client"))]
pub use runner::{
    BATCH_JOBS_MAX, Batch, Canceller, ExecuteMany, IntoPayload, Job, JobError, JobErrorKind, JobHandle,
    JobRunner, JobsLost, MasterGone, Reply, WorkersMissing,
};
#[cfg(feature = "client")]
pub use runner::{ClientBuilder, ConnectError, Operator, OperatorError, Order, Progress, Selector};
#[cfg(feature = "master")]
pub use supervisor::{
    Readiness, Recycling, SpawnError, StartFailure, Supervisor, SupervisorEvent, SupervisorSettings,
    WORKERS_MAX, Wear, WorkerCommand, WorkerLine, WorkerOutput, WorkerStream,
};
#[cfg(feature = "master")]
pub use wires::{BindError, IpcAccess};
#[cfg(any(feature = "master", feature = "client"))]
pub use wires::{DefaultEndpointError, default_endpoint};
