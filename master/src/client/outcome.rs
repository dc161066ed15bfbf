//! The ends of jobs, read from the wire; `dispatcher::outbox` writes them.

use super::calls::Sent;
use crate::WorkerExit;
use crate::common::Headers;
use crate::common::{Ending, LostCause, Outcome, Rejection};
use bytes::Bytes;
use powerhose_protocol::{JobEnd, OutcomeEntry};
use std::time::Duration;

/// What an entry of OUTCOMES says. Nothing if a client did not ask for what it says (a job that it cancelled itself).
pub(super) fn read(entry: &OutcomeEntry<'_>, payload: Bytes, sent: &Sent) -> Outcome {
    let ending = match entry.end {
        JobEnd::Done => Ending::Done { payload, headers: Headers::from_wire(&entry.headers) },
        JobEnd::Failed => Ending::Failed { code: entry.code.into(), text: entry.text.into() },
        JobEnd::TimedOut => Ending::TimedOut,
        JobEnd::Lost | JobEnd::Cancelled => Ending::Lost(lost(entry)),
        JobEnd::Rejected => Ending::Rejected(rejected(entry, sent)),
    };
    Outcome {
        ending,
        may_have_run: entry.may_have_run,
        attempts: u32::try_from(entry.attempts).unwrap_or(u32::MAX),
        worker: entry.worker,
        wait: Duration::from_micros(entry.wait_us),
        run: Duration::from_micros(entry.run_us),
    }
}

fn lost(entry: &OutcomeEntry<'_>) -> LostCause {
    let number = entry.detail.and_then(|detail| i32::try_from(detail).ok());
    match (entry.code, number) {
        ("exit", Some(status)) => LostCause::WorkerExit(WorkerExit::Status(status)),
        ("signal", Some(signal)) => LostCause::WorkerExit(WorkerExit::Signal(signal)),
        ("master", _) => LostCause::Master,
        _ => LostCause::Worker,
    }
}

fn rejected(entry: &OutcomeEntry<'_>, sent: &Sent) -> Rejection {
    let Sent { pool, bytes } = sent;
    let detail = entry.detail.unwrap_or(0);
    match entry.code {
        "queue_full" => Rejection::QueueFull { jobs_max: detail },
        "queue_bytes" => Rejection::QueueBytesFull { bytes_max: detail },
        "overload" => Rejection::Overload { retry_after: Duration::from_millis(detail) },
        "no_workers" => Rejection::NoWorkers { pool: pool[..].into(), offered: entry.text.into() },
        "payload_too_large" => Rejection::PayloadTooLarge { bytes: *bytes as u64, bytes_max: detail },
        "bad_headers" => Rejection::BadHeaders { reason: entry.text.into() },
        "bad_pool" => Rejection::BadPool { pool: pool[..].into() },
        "pools_max" => Rejection::PoolsMax { pools_max: detail },
        "closed" => Rejection::Closed,
        code => Rejection::BadCall { reason: format!("{code} {}", entry.text).trim_end().into() },
    }
}

/// The end of a job that its client ends itself.
pub(super) fn own(ending: Ending, may_have_run: bool) -> Outcome {
    Outcome { ending, may_have_run, attempts: 0, worker: None, wait: Duration::ZERO, run: Duration::ZERO }
}
