//! Why a job has no reply.

use crate::common::{LostCause, Rejection};
use powerhose_protocol::JobId;
use std::fmt;
use std::time::Duration;

/// Why a job has no reply: what happened, to which job, and whether it may have run. Cheap to clone and to move.
#[derive(Clone, PartialEq)]
pub struct JobError(pub(super) Box<Inner>);

#[derive(Clone, PartialEq)]
pub(super) struct Inner {
    pub(super) kind: JobErrorKind,
    pub(super) job: Option<JobId>,
    pub(super) may_have_run: bool,
    pub(super) attempts: u32,
    pub(super) worker: Option<u64>,
}

/// What happened: five of the six ends of a job.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum JobErrorKind {
    /// The handler gave an error, or panicked.
    Failed {
        /// The handler's code, for programs; `panic` after a panic.
        code: String,
        /// The handler's text, for people.
        text: String,
    },
    /// The deadline passed.
    TimedOut,
    /// The caller took it back, with `cancel`.
    Cancelled,
    /// It was lost with a worker, or with the master.
    Lost(LostCause),
    /// It was refused before any worker had it.
    Rejected(Rejection),
}

impl JobError {
    pub(crate) fn new(kind: JobErrorKind, job: Option<JobId>, may_have_run: bool) -> JobError {
        JobError(Box::new(Inner { kind, job, may_have_run, attempts: 0, worker: None }))
    }

    /// What happened.
    pub fn kind(&self) -> &JobErrorKind {
        &self.0.kind
    }

    /// The job's id, which the logs of master and worker carry too. None if a job never reached a master.
    pub fn job(&self) -> Option<JobId> {
        self.0.job
    }

    /// How often it was dispatched, less the times it came back unrun.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The worker that answered or died, if one had it.
    pub fn worker(&self) -> Option<u64> {
        self.0.worker
    }

    /// Whether a worker may have begun it. If not, it can be submitted again whatever it does.
    pub fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    /// Whether the deadline passed.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, JobErrorKind::TimedOut)
    }

    /// Whether the master has more to do than it can, or no workers: tell the user to come back later.
    pub fn is_overload(&self) -> bool {
        match &self.0.kind {
            JobErrorKind::Rejected(rejection) => matches!(
                rejection,
                Rejection::QueueFull { .. }
                    | Rejection::QueueBytesFull { .. }
                    | Rejection::Overload { .. }
                    | Rejection::NoWorkers { .. }
            ),
            _ => false,
        }
    }

    /// When to come back at the earliest, if the master says so: where there was too much to do for the job to begin in time.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.0.kind {
            JobErrorKind::Rejected(Rejection::Overload { retry_after }) => Some(retry_after),
            _ => None,
        }
    }

    /// Whether the same job may succeed when it is submitted again. If it also [may have run](JobError::may_have_run),
    /// that is for jobs which are functions of their payload.
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            JobErrorKind::Lost(_) | JobErrorKind::TimedOut => true,
            JobErrorKind::Rejected(_) => self.is_overload(),
            JobErrorKind::Failed { .. } | JobErrorKind::Cancelled => false,
        }
    }

    /// The status with which a web service may answer the request that the job was for: 504 after a timeout, 503 (with
    /// Retry-After) where there is too much to do or nobody to do it, 502 where worker or master were lost, 413 for a
    /// payload that is too large, else 500. What a handler's own codes mean is the service's to say.
    pub fn http_status(&self) -> u16 {
        match &self.0.kind {
            JobErrorKind::TimedOut => 504,
            JobErrorKind::Lost(_) => 502,
            JobErrorKind::Rejected(Rejection::PayloadTooLarge { .. }) => 413,
            JobErrorKind::Rejected(Rejection::Closed) => 503,
            JobErrorKind::Rejected(_) if self.is_overload() => 503,
            JobErrorKind::Rejected(_) | JobErrorKind::Failed { .. } | JobErrorKind::Cancelled => 500,
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, job, may_have_run, attempts, worker } = &*self.0;
        match job {
            Some(job) => write!(f, "job {job} {kind}")?,
            None => write!(f, "job {kind}")?,
        }
        match (kind, worker) {
            (JobErrorKind::TimedOut, Some(worker)) if *may_have_run => write!(f, " at worker {worker}"),
            (JobErrorKind::TimedOut, _) if !may_have_run => f.write_str(" before a worker had it"),
            (JobErrorKind::Lost(_), _) if *attempts > 1 => write!(f, ", after {attempts} attempts"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, job, may_have_run, attempts, worker } = &*self.0;
        f.debug_struct("JobError")
            .field("kind", kind)
            .field("job", job)
            .field("may_have_run", may_have_run)
            .field("attempts", attempts)
            .field("worker", worker)
            .finish()
    }
}

impl std::error::Error for JobError {}

impl fmt::Display for JobErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobErrorKind::Failed { code, text } => write!(f, "failed: {code}: {text}"),
            JobErrorKind::TimedOut => f.write_str("timed out"),
            JobErrorKind::Cancelled => f.write_str("was cancelled"),
            JobErrorKind::Lost(cause) => write!(f, "was lost: {cause}"),
            JobErrorKind::Rejected(rejection) => write!(f, "was rejected: {rejection}"),
        }
    }
}

impl fmt::Display for LostCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LostCause::Worker => f.write_str("its worker is gone"),
            LostCause::WorkerExit(exit) => write!(f, "its worker ended: {exit}"),
            LostCause::Master => f.write_str("the master is gone"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::QueueFull { jobs_max } => write!(f, "{jobs_max} jobs are waiting, and no more may"),
            Rejection::QueueBytesFull { bytes_max } => {
                write!(f, "the waiting jobs hold close to {bytes_max} bytes, and no more may")
            }
            Rejection::Overload { retry_after } => write!(
                f,
                "the pool has so much to do that the job could not begin in time; try again in {retry_after:?}"
            ),
            Rejection::NoWorkers { pool, offered } if offered.is_empty() => {
                write!(f, "no worker offers the pool `{pool}`, nor any other")
            }
            Rejection::NoWorkers { pool, offered } => {
                write!(f, "no worker offers the pool `{pool}`; there are: {offered}")
            }
            Rejection::PayloadTooLarge { bytes, bytes_max } => {
                write!(f, "the payload has {bytes} bytes, {bytes_max} are allowed")
            }
            Rejection::BadHeaders { reason } | Rejection::BadCall { reason } => f.write_str(reason),
            Rejection::BadPool { pool } => {
                write!(f, "`{pool}` is no name of a pool: 1 to 64 of the characters a-z A-Z 0-9 . _ -")
            }
            Rejection::PoolsMax { pools_max } => write!(f, "the master keeps {pools_max} pools, and no more"),
            Rejection::Closed => f.write_str("the runner is closed"),
            Rejection::Forked => f.write_str("this process was forked: make a runner of its own"),
            Rejection::Refused { code, text } => write!(f, "the master refused this client: {code}: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorkerExit;

    fn told(kind: JobErrorKind, may_have_run: bool, attempts: u32, worker: Option<u64>) -> String {
        JobError(Box::new(Inner { kind, job: Some(JobId::new(0, 7)), may_have_run, attempts, worker }))
            .to_string()
    }

    #[test]
    fn each_end_has_its_status() {
        let status = |kind| JobError::new(kind, None, false).http_status();
        let rejected = |rejection| status(JobErrorKind::Rejected(rejection));
        assert_eq!(status(JobErrorKind::TimedOut), 504);
        assert_eq!(
            [LostCause::Worker, LostCause::Master].map(|cause| status(JobErrorKind::Lost(cause))),
            [502; 2]
        );
        assert_eq!(status(JobErrorKind::Failed { code: "panic".to_owned(), text: String::new() }), 500);
        assert_eq!(rejected(Rejection::QueueFull { jobs_max: 1 }), 503);
        assert_eq!(rejected(Rejection::NoWorkers { pool: "sign".into(), offered: "".into() }), 503);
        assert_eq!(rejected(Rejection::Closed), 503);
        assert_eq!(rejected(Rejection::PayloadTooLarge { bytes: 2, bytes_max: 1 }), 413);
        assert_eq!(rejected(Rejection::BadPool { pool: "?".into() }), 500);
    }

    #[test]
    fn a_timeout_tells_where_the_job_was() {
        let timed_out = |may_have_run, worker| told(JobErrorKind::TimedOut, may_have_run, 1, worker);
        assert_eq!(timed_out(true, Some(3)), "job 0.7 timed out at worker 3");
        assert_eq!(timed_out(false, None), "job 0.7 timed out before a worker had it");
        assert_eq!(timed_out(true, None), "job 0.7 timed out", "whoever freed itself does not know");
    }

    #[test]
    fn a_lost_job_tells_how_often_it_was_tried() {
        let lost = |attempts| {
            let cause = LostCause::WorkerExit(WorkerExit::Signal(11));
            told(JobErrorKind::Lost(cause), true, attempts, Some(3))
        };
        assert_eq!(lost(1), "job 0.7 was lost: its worker ended: killed by signal 11 (SIGSEGV)");
        assert_eq!(
            lost(3),
            "job 0.7 was lost: its worker ended: killed by signal 11 (SIGSEGV), after 3 attempts"
        );
    }
}
