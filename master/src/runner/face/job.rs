//! A job as a caller describes it.

use crate::common::{Clock, Headers, Repeat, Submission};
use bytes::Bytes;
use powerhose_protocol::{DEFAULT_POOL, END_WITHIN_HEADER};
use std::time::Duration;

/// A unit of work: bytes in, bytes out.
///
/// ```
/// use powerhose::Job;
/// use std::time::Duration;
///
/// let job = Job::new("payload").pool("sign").timeout(Duration::from_secs(2)).header("traceparent", "00-…");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Job(Submission);

impl Job {
    /// A job with this payload, for the pool `default`, with the master's timeout and attempts.
    ///
    /// A `Vec<u8>` moves in without a copy; a slice is copied.
    pub fn new(payload: impl IntoPayload) -> Job {
        Job(Submission {
            pool: DEFAULT_POOL.into(),
            payload: payload.into_payload(),
            headers: Headers::default(),
            timeout: None,
            attempts_max: None,
            clock: Clock::FromSubmission,
            repeat: Repeat::Allowed,
        })
    }

    /// Which workers can run it: 1 to 64 of the characters `a-z A-Z 0-9 . _ -`.
    pub fn pool(mut self, pool: impl Into<String>) -> Job {
        self.0.pool = pool.into().into();
        self
    }

    /// How long the caller waits, counted from `submit` or `execute`: above 0 and at most 365 days, in steps of a
    /// millisecond. Default: the master's, 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Job {
        (self.0.timeout, self.0.clock) = (Some(timeout), Clock::FromSubmission);
        self
    }

    /// How long a worker may take, counted from when it is given the job (anew, should another one be given it): above 0 and at
    /// most 365 days, in steps of a millisecond. The job waits for a worker as long as it has to. Takes the place of
    /// [`timeout`](Job::timeout).
    pub fn run_timeout(mut self, timeout: Duration) -> Job {
        (self.0.timeout, self.0.clock) = (Some(timeout), Clock::FromDispatch);
        self
    }

    /// Sets a header for the worker: any name up to 255 bytes, any value. At most 64, and 16 KiB in all.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Job {
        self.0.headers.set(name.as_ref(), value);
        self
    }

    /// Never dispatches it a second time: if its worker dies, it ends as lost. It goes alone to a worker that has
    /// nothing else.
    pub fn once(mut self) -> Job {
        self.0.repeat = Repeat::Never;
        self
    }

    /// Ends the process of the worker if the job still runs so long after nobody waits for it any longer: it was cancelled, its
    /// handle was dropped, or it has timed out. For handlers that cannot look (`is_cancelled`). Zero is at once. It
    /// goes to the worker as a header ([`END_WITHIN_HEADER`]). For all jobs of a pool:
    /// [`PoolSettings::end_within`](crate::PoolSettings::end_within).
    pub fn end_within(self, grace: Duration) -> Job {
        self.header(END_WITHIN_HEADER, grace.as_millis().to_string())
    }

    /// How many workers may die with it before it ends as lost: at least 1. Default: the master's, 3.
    pub fn attempts_max(mut self, attempts: u32) -> Job {
        self.0.attempts_max = Some(attempts.max(1));
        self
    }

    /// A batch's job: if it was given no time of its own, waiting for a worker does not count.
    pub(crate) fn in_batch(mut self) -> Job {
        if self.0.timeout.is_none() {
            self.0.clock = Clock::FromDispatch;
        }
        self
    }

    pub(crate) fn into_submission(self) -> Submission {
        self.0
    }
}

/// What can be the payload of a job.
pub trait IntoPayload {
    /// The bytes, without a copy where they can be moved.
    fn into_payload(self) -> Bytes;
}

impl IntoPayload for Bytes {
    fn into_payload(self) -> Bytes {
        self
    }
}

impl IntoPayload for Vec<u8> {
    fn into_payload(self) -> Bytes {
        self.into()
    }
}

impl IntoPayload for String {
    fn into_payload(self) -> Bytes {
        self.into()
    }
}

impl IntoPayload for &[u8] {
    fn into_payload(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl<const N: usize> IntoPayload for &[u8; N] {
    fn into_payload(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl IntoPayload for &str {
    fn into_payload(self) -> Bytes {
        Bytes::copy_from_slice(self.as_bytes())
    }
}

impl IntoPayload for &Vec<u8> {
    fn into_payload(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl IntoPayload for &String {
    fn into_payload(self) -> Bytes {
        Bytes::copy_from_slice(self.as_bytes())
    }
}

impl<P: IntoPayload> From<P> for Job {
    fn from(payload: P) -> Job {
        Job::new(payload)
    }
}
