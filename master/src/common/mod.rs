//! What masters, clients and their callers share: a job and its end, settings, notices, counts. Plain data.

mod headers;
mod histogram;
mod named;
mod notice;
mod outcome;
#[cfg(feature = "master")]
mod reachability;
mod rejection;
mod secrets;
mod settings;
mod stats;
mod submission;
mod worker_exit;
mod worker_info;

pub use headers::Headers;
pub use histogram::Histogram;
pub use notice::{GoneCause, Notice};
pub use outcome::{Ending, LostCause, Outcome};
#[cfg(feature = "master")]
pub use reachability::Reachability;
pub use rejection::Rejection;
pub use secrets::SharedSecrets;
pub(crate) use settings::WAIT_MAX;
pub use settings::{Overload, PoolSettings, Settings};
pub use stats::{Ends, ForgottenPools, PoolStats, Rejections, Stats, Times, WorkerCounts};
pub use submission::{Clock, Repeat, Submission};
pub use worker_exit::WorkerExit;
pub use worker_info::{CurrentJob, WorkerInfo, WorkerState};
