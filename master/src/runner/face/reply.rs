//! What comes back: a reply, or why there is none.

use super::error::{Inner, JobError, JobErrorKind};
use crate::common::{Ending, Headers, Outcome};
use bytes::Bytes;
use powerhose_protocol::JobId;
use std::ops::Deref;
use std::time::Duration;

/// The reply to a job: its bytes, and how they came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub(crate) payload: Bytes,
    pub(crate) headers: Headers,
    pub(crate) job: JobId,
    pub(crate) worker: u64,
    pub(crate) attempts: u32,
    pub(crate) wait: Duration,
    pub(crate) run: Duration,
}

impl Reply {
    /// The bytes, moved out where nobody else holds them.
    pub fn into_vec(self) -> Vec<u8> {
        self.payload.into()
    }

    /// The bytes, to be shared.
    pub fn into_bytes(self) -> Bytes {
        self.payload
    }

    /// The headers that the handler set.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The job's id.
    pub fn job(&self) -> JobId {
        self.job
    }

    /// The id of the worker that made it.
    pub fn worker(&self) -> u64 {
        self.worker
    }

    /// How often the job was dispatched, from 1.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long the job waited at the master for its (last) worker.
    pub fn wait_time(&self) -> Duration {
        self.wait
    }

    /// How long the handler ran, by the worker's clock.
    pub fn run_time(&self) -> Duration {
        self.run
    }
}

impl Deref for Reply {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.payload
    }
}

impl AsRef<[u8]> for Reply {
    fn as_ref(&self) -> &[u8] {
        &self.payload
    }
}

/// A job's outcome as its caller sees it.
pub(crate) fn to_result(job: Option<JobId>, outcome: Outcome) -> Result<Reply, JobError> {
    let kind = match outcome.ending {
        Ending::Done { payload, headers } => {
            return Ok(Reply {
                payload,
                headers,
                job: job.unwrap_or(JobId::from_wire(0)),
                worker: outcome.worker.unwrap_or(0),
                attempts: outcome.attempts,
                wait: outcome.wait,
                run: outcome.run,
            });
        }
        Ending::Failed { code, text } => JobErrorKind::Failed { code: code.into(), text: text.into() },
        Ending::TimedOut => JobErrorKind::TimedOut,
        Ending::Lost(cause) => JobErrorKind::Lost(cause),
        Ending::Rejected(rejection) => JobErrorKind::Rejected(rejection),
    };
    let Outcome { may_have_run, attempts, worker, .. } = outcome;
    Err(JobError(Box::new(Inner { kind, job, may_have_run, attempts, worker })))
}
