//! What comes back.

use crate::common::Headers;
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
