//! The runner of jobs: its `face` is what a web developer sees, its `engine` what carries jobs to the master and their ends back.

mod engine;
mod face;

pub(crate) use engine::link::Command;
#[cfg(feature = "master")]
pub use face::MasterBuilder;
#[cfg(test)]
use face::Place;
pub use face::{
    BATCH_JOBS_MAX, Batch, Canceller, ExecuteMany, IntoPayload, Job, JobError, JobErrorKind, JobHandle,
    JobRunner, JobsLost, MasterGone, Reply, WorkersMissing,
};
#[cfg(feature = "client")]
pub use face::{ClientBuilder, ConnectError, Operator, OperatorError, Order, Progress, Selector};
