//! Runs the jobs of a Powerhose master.
//!
//! ```no_run
//! use powerhose_worker::{Job, JobFailure, Worker};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Keys, models, caches: load them first. The worker registers only when `run` is called.
//!     Worker::from_env()?.pool("square").run(|job: &Job| {
//!         let text = std::str::from_utf8(job.payload()).map_err(|error| JobFailure::from_error(&error))?;
//!         let number: i64 = text.trim().parse().map_err(|error| JobFailure::new("number", format!("{error}")))?;
//!         Ok((number * number).to_string())
//!     })?;
//!     Ok(())
//! }
//! ```
//!
//! [`Worker`] is where to begin: it connects, registers again by itself when the master restarts, sends heartbeats while
//! a handler computes, and leaves in good order on SIGTERM. [`Job`] is what a handler gets, [`Reply`] and [`JobFailure`]
//! what it gives. A loop or a language that owns its thread pulls its jobs instead: [`PulledWorker`]. [`machine`] is the protocol alone, for simulations.
//!
//! This library installs no tracing subscriber, and never logs a payload or a header.

mod error;
mod failure;
mod job;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod machine;
mod pulled;
mod reply;
mod runtime;
mod stop;
mod worker;

pub use error::WorkerError;
pub use failure::JobFailure;
pub use job::Job;
pub use powerhose_protocol::{
    CurveClient, CurveError, CurveKey, CurveKeyPair, Endpoint, EndpointError, JobId, SecretError,
    SharedSecret,
};
pub use pulled::{NextJob, PulledJob, PulledWorker};
pub use reply::Reply;
pub use runtime::WATCHDOG_EXIT_STATUS;
pub use stop::StopHandle;
pub use worker::Worker;
