//! What the program prints of the ends of jobs.

use powerhose::{JobError, JobErrorKind, LostCause, Reply, WorkerExit};
use std::fmt::Display;

/// Prints a line in one piece.
pub(crate) fn print(id: &str, end: &Result<Reply, JobError>) {
    match end {
        Ok(reply) => println!("{id} done{}", done(reply)),
        Err(error) => println!("{id} {}", failed(error)),
    }
}

fn done(reply: &Reply) -> String {
    let (job, worker, attempts) = (reply.job(), reply.worker(), reply.attempts());
    let mut line =
        format!(" job={job} worker={worker} attempts={attempts} run_us={}", reply.run_time().as_micros());
    for (name, value) in reply.headers().iter() {
        line += &format!(" header={}:{}", hex(name.as_bytes()), hex(value));
    }
    line + " payload=" + &hex(reply)
}

fn failed(error: &JobError) -> String {
    let word = match error.kind() {
        JobErrorKind::Failed { .. } => "failed",
        JobErrorKind::TimedOut => "timed_out",
        JobErrorKind::Cancelled => "cancelled",
        JobErrorKind::Lost(_) => "lost",
        JobErrorKind::Rejected(_) => "rejected",
        _ => "unknown",
    };
    let mut line = format!("{word} message={}", hex(error.to_string().as_bytes()));
    let mut tell = |name: &str, value: &dyn Display| line += &format!(" {name}={value}");
    tell("attempts", &error.attempts());
    tell("may_have_run", &u8::from(error.may_have_run()));
    tell("retryable", &u8::from(error.is_retryable()));
    tell("overload", &u8::from(error.is_overload()));
    tell("http_status", &error.http_status());
    error.job().into_iter().for_each(|job| tell("job", &job));
    error.worker().into_iter().for_each(|worker| tell("worker", &worker));
    error.retry_after().into_iter().for_each(|time| tell("retry_after_ms", &time.as_millis()));
    match error.kind() {
        JobErrorKind::Failed { code, text } => {
            tell("code", &hex(code.as_bytes()));
            tell("text", &hex(text.as_bytes()));
        }
        JobErrorKind::Rejected(rejection) => tell("code", &hex(rejection.code().as_bytes())),
        JobErrorKind::Lost(LostCause::Master) => tell("code", &hex(b"master")),
        JobErrorKind::Lost(cause) => {
            tell("code", &hex(b"worker"));
            match cause {
                LostCause::WorkerExit(WorkerExit::Signal(signal)) => tell("signal", signal),
                LostCause::WorkerExit(WorkerExit::Status(status)) => tell("exit_status", status),
                _ => {}
            }
        }
        _ => {}
    }
    line
}

fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(digit.into(), 16).expect("below 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
