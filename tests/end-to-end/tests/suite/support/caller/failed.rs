//! Why a job has no reply, as its caller was told: by Rust's error, or by what a client program says of its language's.

use super::line::Line;
use powerhose::{JobError, JobErrorKind, LostCause, Rejection, WorkerExit};
use std::fmt;
use std::time::Duration;

/// What a [`JobError`] tells, whatever the language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failed(Box<Facts>);

#[derive(Clone, Debug, PartialEq)]
struct Facts {
    kind: JobErrorKind,
    message: String,
    job: Option<String>,
    attempts: u32,
    worker: Option<u64>,
    may_have_run: bool,
    is_retryable: bool,
    is_overload: bool,
    retry_after: Option<Duration>,
    http_status: u16,
}

impl Failed {
    /// As a client program says it. The kind is put together again from code and message: so these have to have all of it.
    pub(super) fn said(line: &Line<'_>) -> Failed {
        let message = line.text("message");
        Failed(Box::new(Facts {
            kind: kind(line, &message),
            job: line.field("job").map(str::to_owned),
            attempts: line.number("attempts").expect("how often it was dispatched") as u32,
            worker: line.number("worker").map(|worker| worker as u64),
            may_have_run: line.is("may_have_run"),
            is_retryable: line.is("retryable"),
            is_overload: line.is("overload"),
            retry_after: line.number("retry_after_ms").map(|ms| Duration::from_millis(ms as u64)),
            http_status: line.number("http_status").expect("a status") as u16,
            message,
        }))
    }

    pub(crate) fn kind(&self) -> &JobErrorKind {
        &self.0.kind
    }

    pub(crate) fn job(&self) -> Option<&str> {
        self.0.job.as_deref()
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.0.attempts
    }

    pub(crate) fn worker(&self) -> Option<u64> {
        self.0.worker
    }

    pub(crate) fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    pub(crate) fn is_timeout(&self) -> bool {
        self.0.kind == JobErrorKind::TimedOut
    }

    pub(crate) fn is_overload(&self) -> bool {
        self.0.is_overload
    }

    pub(crate) fn is_retryable(&self) -> bool {
        self.0.is_retryable
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    pub(crate) fn http_status(&self) -> u16 {
        self.0.http_status
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl From<JobError> for Failed {
    fn from(error: JobError) -> Failed {
        Failed(Box::new(Facts {
            kind: error.kind().clone(),
            message: error.to_string(),
            job: error.job().map(|job| job.to_string()),
            attempts: error.attempts(),
            worker: error.worker(),
            may_have_run: error.may_have_run(),
            is_retryable: error.is_retryable(),
            is_overload: error.is_overload(),
            retry_after: error.retry_after(),
            http_status: error.http_status(),
        }))
    }
}

fn kind(line: &Line<'_>, message: &str) -> JobErrorKind {
    match line.word {
        "failed" => JobErrorKind::Failed { code: line.text("code"), text: line.text("text") },
        "timed_out" => JobErrorKind::TimedOut,
        "cancelled" => JobErrorKind::Cancelled,
        "lost" => JobErrorKind::Lost(cause(line)),
        "rejected" => {
            let said = message.split_once("was rejected: ").map_or(message, |(_, reason)| reason);
            JobErrorKind::Rejected(rejection(line, said))
        }
        word => panic!("a client program says `{word}`: {message}"),
    }
}

fn cause(line: &Line<'_>) -> LostCause {
    let number = |name| line.number(name).map(|number| number as i32);
    match (&*line.text("code"), number("signal"), number("exit_status")) {
        ("worker", Some(signal), None) => LostCause::WorkerExit(WorkerExit::Signal(signal)),
        ("worker", None, Some(status)) => LostCause::WorkerExit(WorkerExit::Status(status)),
        ("worker", None, None) => LostCause::Worker,
        ("master", None, None) => LostCause::Master,
        other => panic!("lost with {other:?}"),
    }
}

fn rejection(line: &Line<'_>, said: &str) -> Rejection {
    let quoted = || said.split('`').nth(1).expect("a name in backticks").into();
    match &*line.text("code") {
        "queue_full" => Rejection::QueueFull { jobs_max: numbers(said)[0] },
        "queue_bytes" => Rejection::QueueBytesFull { bytes_max: numbers(said)[0] },
        "overload" => {
            let retry_after = line.number("retry_after_ms").expect("when to come again") as u64;
            Rejection::Overload { retry_after: Duration::from_millis(retry_after) }
        }
        "no_workers" => {
            let offered = said.split_once("there are: ").map_or("", |(_, offered)| offered);
            Rejection::NoWorkers { pool: quoted(), offered: offered.into() }
        }
        "payload_too_large" => {
            Rejection::PayloadTooLarge { bytes: numbers(said)[0], bytes_max: numbers(said)[1] }
        }
        "bad_headers" => Rejection::BadHeaders { reason: said.into() },
        "bad_pool" => Rejection::BadPool { pool: quoted() },
        "bad_call" => Rejection::BadCall { reason: said.into() },
        "closed" => Rejection::Closed,
        code => panic!("rejected with the code `{code}`: {said}"),
    }
}

fn numbers(text: &str) -> Vec<u64> {
    let digits = text.split(|char: char| !char.is_ascii_digit());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}
