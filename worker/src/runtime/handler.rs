//! One call of the handler. It gives an outcome also where the handler panics.

use super::panics;
use crate::machine::Outcome;
use crate::{Job, JobFailure, Reply};
use bytes::Bytes;

/// The code of a job whose handler panicked.
const PANIC: &str = "panic";

pub(super) fn call<R, H>(handler: &mut H, job: &Job) -> Outcome<Bytes>
where
    R: Into<Reply>,
    H: FnMut(&Job) -> Result<R, JobFailure>,
{
    // What the handler logs names its job.
    let _entered =
        tracing::info_span!("job", id = %job.id(), pool = job.pool(), attempt = job.attempt()).entered();
    match panics::catch(|| handler(job).map(Into::into)) {
        Ok(Ok(reply)) => done(reply),
        Ok(Err(failure)) => failed(failure),
        Err(panic) => {
            let text = format!("panicked at {}: {}", panic.location, panic.message);
            tracing::warn!(job = %job.id(), attempt = job.attempt(), pool = job.pool(), "the handler {text}");
            failed(JobFailure::new(PANIC, text))
        }
    }
}

/// What a reply is to the machine.
pub(crate) fn done(reply: Reply) -> Outcome<Bytes> {
    let (payload, headers) = reply.into_parts();
    Outcome::Done { payload: payload.into(), headers }
}

/// What a failure is to the machine.
pub(crate) fn failed(failure: JobFailure) -> Outcome<Bytes> {
    let (code, text) = failure.into_parts();
    Outcome::Failed { code, text }
}
