//! What went wrong, before it is handed to C.

use crate::kinds::powerhose_status::{self, *};
use powerhose::worker::WorkerError;
use powerhose::{
    BindError, ClusterError, ConnectError, JobError, JobErrorKind, JobsLost, LostCause, MasterGone,
    OperatorError, WorkerExit, WorkersMissing,
};
use std::any::Any;
use std::fmt::Display;

/// What went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: powerhose_status,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) message: String,
    /// Of a job, and of those only.
    pub(crate) job: Option<JobError>,
}

impl Problem {
    fn new(status: powerhose_status, code: &str, message: impl Display) -> Problem {
        let message = message.to_string();
        Problem { status, code: code.to_owned(), text: message.clone(), message, job: None }
    }

    pub(crate) fn invalid(message: impl Display) -> Problem {
        Problem::new(POWERHOSE_INVALID, "invalid", message)
    }

    pub(crate) fn misuse(code: &str, message: impl Display) -> Problem {
        Problem::new(POWERHOSE_MISUSE, code, message)
    }

    pub(crate) fn unreachable(code: &str, message: impl Display) -> Problem {
        Problem::new(POWERHOSE_UNREACHABLE, code, message)
    }

    pub(crate) fn system(message: impl Display) -> Problem {
        Problem::new(POWERHOSE_SYSTEM, "system", message)
    }

    /// A handle of another process.
    pub(crate) fn forked() -> Problem {
        let message = "this handle belongs to the process from which this one was forked: make one here";
        Problem::new(POWERHOSE_REJECTED, "forked", message)
    }

    pub(crate) fn panic(panic: &(dyn Any + Send)) -> Problem {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("a panic without a message");
        Problem::new(POWERHOSE_INTERNAL, "panic", format_args!("the library is broken: {text}"))
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Problem {
        let (status, code, text) = match error.kind() {
            JobErrorKind::Failed { code, text } => (POWERHOSE_FAILED, code.clone(), text.clone()),
            JobErrorKind::TimedOut => (POWERHOSE_TIMED_OUT, "timed_out".to_owned(), error.to_string()),
            JobErrorKind::Cancelled => (POWERHOSE_CANCELLED, "cancelled".to_owned(), error.to_string()),
            JobErrorKind::Lost(LostCause::Master) => {
                (POWERHOSE_LOST, "master".to_owned(), LostCause::Master.to_string())
            }
            JobErrorKind::Lost(cause) => (POWERHOSE_LOST, "worker".to_owned(), cause.to_string()),
            JobErrorKind::Rejected(rejection) => {
                (POWERHOSE_REJECTED, rejection.code().to_owned(), rejection.to_string())
            }
            _ => (POWERHOSE_INTERNAL, "unknown".to_owned(), error.to_string()),
        };
        Problem { status, code, text, message: error.to_string(), job: Some(error) }
    }
}

/// The exit status or the signal of the worker with which a job was lost.
pub(crate) fn worker_exit(error: &JobError) -> Option<WorkerExit> {
    match error.kind() {
        JobErrorKind::Lost(LostCause::WorkerExit(exit)) => Some(*exit),
        _ => None,
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Problem {
        match &error {
            ConnectError::Endpoint(_) => Problem::invalid(error),
            ConnectError::Unreachable { .. } => Problem::new(POWERHOSE_UNREACHABLE, "unreachable", error),
            ConnectError::Refused { code, text, .. } => {
                let (code, text) = (code.clone(), text.clone());
                Problem { code, text, ..Problem::new(POWERHOSE_REFUSED, "", error) }
            }
            ConnectError::NoCurve => Problem::new(POWERHOSE_INVALID, "no_curve", error),
            _ => Problem::system(error),
        }
    }
}

impl From<BindError> for Problem {
    fn from(error: BindError) -> Problem {
        let (status, code) = match &error {
            BindError::Endpoint(_) | BindError::NoEndpoint | BindError::BadSetting { .. } => {
                (POWERHOSE_INVALID, "invalid")
            }
            BindError::NoCurve => (POWERHOSE_INVALID, "no_curve"),
            BindError::Insecure { .. } => (POWERHOSE_INVALID, "insecure"),
            BindError::AlreadyRunning { .. } => (POWERHOSE_IN_USE, "already_running"),
            BindError::AddressInUse { .. } => (POWERHOSE_IN_USE, "address_in_use"),
            BindError::NotASocket { .. } => (POWERHOSE_IN_USE, "not_a_socket"),
            BindError::ForeignSocket { .. } | BindError::ForeignLock { .. } => (POWERHOSE_IN_USE, "foreign"),
            _ => (POWERHOSE_SYSTEM, "system"),
        };
        Problem::new(status, code, error)
    }
}

impl From<ClusterError> for Problem {
    fn from(error: ClusterError) -> Problem {
        match error {
            ClusterError::Bind(error) => error.into(),
            ClusterError::Spawn(_) => Problem::new(POWERHOSE_SYSTEM, "spawn", error),
            ClusterError::Worker { .. } => Problem::new(POWERHOSE_WORKERS_MISSING, "worker", error),
            ClusterError::WorkersMissing { .. } => {
                Problem::new(POWERHOSE_WORKERS_MISSING, "workers_missing", error)
            }
            _ => Problem::system(error),
        }
    }
}

impl From<OperatorError> for Problem {
    fn from(error: OperatorError) -> Problem {
        match error {
            OperatorError::Connect(error) => error.into(),
            OperatorError::Refused { ref code, ref text } => {
                let (code, text) = (code.clone(), text.clone());
                Problem { code, text, ..Problem::new(POWERHOSE_REFUSED, "", error) }
            }
            OperatorError::Gone { .. } => Problem::new(POWERHOSE_UNREACHABLE, "gone", error),
            OperatorError::Silent { .. } => Problem::new(POWERHOSE_UNREACHABLE, "silent", error),
            _ => Problem::system(error),
        }
    }
}

impl From<WorkerError> for Problem {
    fn from(error: WorkerError) -> Problem {
        match &error {
            WorkerError::MasterUnreachable { .. } => {
                Problem::new(POWERHOSE_UNREACHABLE, "unreachable", error)
            }
            WorkerError::Refused { code, text, .. } => {
                let (code, text) = (code.clone(), text.clone());
                Problem { code, text, ..Problem::new(POWERHOSE_REFUSED, "", error) }
            }
            WorkerError::Unfinished => Problem::misuse("unfinished", error),
            WorkerError::System { .. } => Problem::system(error),
            WorkerError::NoEndpoint { .. } => Problem::new(POWERHOSE_INVALID, "no_endpoint", error),
            WorkerError::NoCurve => Problem::new(POWERHOSE_INVALID, "no_curve", error),
            _ => Problem::invalid(error),
        }
    }
}

impl From<JobsLost> for Problem {
    fn from(error: JobsLost) -> Problem {
        Problem::new(POWERHOSE_JOBS_LOST, "jobs_lost", error)
    }
}

impl From<WorkersMissing> for Problem {
    fn from(error: WorkersMissing) -> Problem {
        Problem::new(POWERHOSE_WORKERS_MISSING, "workers_missing", error)
    }
}

impl From<MasterGone> for Problem {
    fn from(error: MasterGone) -> Problem {
        Problem::new(POWERHOSE_UNREACHABLE, "gone", error)
    }
}
