//! How a job may end, as far as its caller can tell: the right reply, or an error that fits what the job was.

use super::draft::{Draft, Manner};
use crate::clock::Moment;
use crate::told::{Lost, LostWith};
use crate::work::{Act, FAILURE, PANICS, reply};
use powerhose::{JobError, JobErrorKind, LostCause, Rejection, Reply, WorkerExit};
use std::time::{Duration, Instant};

/// A job that has ended.
pub(super) struct Ended {
    pub(super) draft: Draft,
    /// None if its handle was dropped.
    pub(super) result: Option<Result<Reply, JobError>>,
    pub(super) submitted: Moment,
    pub(super) ended: Moment,
    pub(super) deadline: Instant,
    pub(super) ended_at: Instant,
}

/// What a caller finds.
pub(super) struct Finding {
    /// The end, for the tally.
    pub(super) end: String,
    /// A promise that broke.
    pub(super) wrong: Option<String>,
    /// What only the conductor can judge.
    pub(super) lost: Option<Lost>,
}

/// A worker counts its time in milliseconds, and may say so much too early that a job's time is over.
const EARLY_MAX: Duration = Duration::from_millis(12);

pub(super) fn check(ended: &Ended) -> Finding {
    let draft = &ended.draft;
    let (end, wrong) = match &ended.result {
        None => ("dropped".to_owned(), None),
        Some(Ok(reply)) => ("done".to_owned(), wrong_reply(draft, reply)),
        Some(Err(error)) => (end_of(error), wrong_error(ended, error)),
    };
    let lost =
        ended.result.as_ref().and_then(|result| result.as_ref().err()).and_then(|error| lost(ended, error));
    let wrong = wrong.map(|wrong| format!("{draft}: {wrong}"));
    Finding { end, wrong, lost }
}

fn wrong_reply(draft: &Draft, got: &Reply) -> Option<String> {
    if !matches!(draft.act, Act::Compute(_)) {
        return Some("a reply to a job that has none".to_owned());
    }
    let expected = reply(draft.key, &draft.payload);
    (expected != got[..])
        .then(|| format!("{} bytes that are not the {} of its reply", got.len(), expected.len()))
}

fn wrong_error(ended: &Ended, error: &JobError) -> Option<String> {
    let draft = &ended.draft;
    let fits = match error.kind() {
        JobErrorKind::Failed { code, .. } => match draft.act {
            Act::Fail => code == FAILURE,
            Act::Panic => PANICS.contains(&&**code),
            Act::Compute(_) | Act::Exit | Act::Abort | Act::Hang => false,
        },
        JobErrorKind::TimedOut => ended.ended_at + EARLY_MAX >= ended.deadline,
        JobErrorKind::Cancelled => matches!(draft.manner, Manner::Cancel(_)),
        JobErrorKind::Lost(_) => true,
        // While workers are away there may be too much to do.
        JobErrorKind::Rejected(Rejection::Overload { .. }) => !error.may_have_run(),
        // Every pool is declared, no bound is near, nobody closes anything.
        JobErrorKind::Rejected(_) => false,
        _ => false,
    };
    let left = ended.deadline.saturating_duration_since(ended.ended_at);
    (!fits).then(|| format!("{error}, {} ms before its deadline", left.as_millis()))
}

fn end_of(error: &JobError) -> String {
    match error.kind() {
        JobErrorKind::Failed { code, .. } => format!("failed {code}"),
        JobErrorKind::TimedOut => "timed out".to_owned(),
        JobErrorKind::Cancelled => "cancelled".to_owned(),
        JobErrorKind::Lost(LostCause::Worker) => "lost worker".to_owned(),
        JobErrorKind::Lost(LostCause::WorkerExit(_)) => "lost worker exit".to_owned(),
        JobErrorKind::Lost(LostCause::Master) => "lost master".to_owned(),
        JobErrorKind::Rejected(_) => "rejected".to_owned(),
        _ => "other".to_owned(),
    }
}

fn lost(ended: &Ended, error: &JobError) -> Option<Lost> {
    let JobErrorKind::Lost(cause) = error.kind() else { return None };
    let cause = match cause {
        LostCause::WorkerExit(WorkerExit::Status(status)) => LostWith::Status(*status),
        LostCause::WorkerExit(WorkerExit::Signal(signal)) => LostWith::Signal(*signal),
        LostCause::Master => LostWith::Master,
        _ => LostWith::Worker,
    };
    Some(Lost {
        key: ended.draft.key,
        act: ended.draft.act,
        cause,
        worker: error.worker(),
        attempts: error.attempts(),
        once: ended.draft.once,
        submitted: ended.submitted,
        ended: ended.ended,
    })
}
