//! What a web developer sees: [`JobRunner`], [`Job`], [`JobHandle`], [`JobError`], and how a runner is made.

mod batch;
#[cfg(feature = "client")]
mod client_builder;
#[cfg(feature = "client")]
mod connect_error;
pub(super) mod error;
mod handle;
mod job;
mod job_runner;
#[cfg(feature = "master")]
mod master_builder;
#[cfg(feature = "client")]
mod operator;
#[cfg(feature = "master")]
mod reachability;
pub(super) mod reply;

pub use batch::{BATCH_JOBS_MAX, Batch, ExecuteMany};
#[cfg(feature = "client")]
pub use client_builder::ClientBuilder;
#[cfg(feature = "client")]
pub use connect_error::ConnectError;
pub use error::{JobError, JobErrorKind};
pub use handle::{Canceller, JobHandle};
pub use job::{IntoPayload, Job};
#[cfg(test)]
pub(super) use job_runner::Place;
pub use job_runner::{JobRunner, JobsLost, MasterGone, WorkersMissing};
#[cfg(feature = "master")]
pub use master_builder::MasterBuilder;
#[cfg(feature = "client")]
pub use operator::{Operator, OperatorError, Order, Progress, Selector};
pub use reply::Reply;
