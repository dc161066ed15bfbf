//! Many jobs, handed over by one thread while another takes their replies.

use crate::birth::Native;
use crate::guard::{ErrorOut, given, guard, put};
use crate::job::{powerhose_job, read};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::reply::{ReplyOut, powerhose_reply};
use crate::runner::{here, powerhose_runner};
use powerhose::{BATCH_JOBS_MAX, Batch};

/// Many jobs whose ends come in the order of the jobs; a few are under way at once for each worker. One thread hands them over, and
/// another takes their ends: what `powerhose_many` is for has one thread. Freed by `powerhose_batch_free`.
pub struct powerhose_batch(Native<Batch>);

/// A batch for a runner, which it keeps running. At most `jobs_max` jobs are under way, or have ended and wait for their turn; 0: 4,096.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_batch_new(
    runner: Option<&powerhose_runner>,
    jobs_max: usize,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_batch>> {
    let make = || {
        let jobs_max = if jobs_max == 0 { BATCH_JOBS_MAX } else { jobs_max };
        Ok(Some(Box::new(powerhose_batch(Native::new(here(runner)?.batch(jobs_max))))))
    };
    guard(error, |_| None, make)
}

/// Hands a job over. Waits while as many are under way as the workers need, or `jobs_max` have not been taken. If the job has no time
/// of its own, the master's counts from when a worker is given it.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_batch_submit(
    batch: Option<&powerhose_batch>,
    job: Option<&powerhose_job>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let submit = || {
        // SAFETY: C passes a job that is as its fields say.
        let job = unsafe { read(job)? };
        here_batch(batch)?.submit(job);
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, submit)
}

/// No further job comes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_batch_end(batch: Option<&powerhose_batch>) {
    let end = || {
        here_batch(batch)?.end();
        Ok(())
    };
    guard(None, |_| (), end)
}

/// Waits for the end of the job that is next in turn. POWERHOSE_ENDED after the last, once `powerhose_batch_end` was called.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_batch_next(
    batch: Option<&powerhose_batch>,
    reply: ReplyOut<'_>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let mut ended = None;
    let next = || {
        let Some(result) = here_batch(batch)?.next_result() else { return Ok(POWERHOSE_ENDED) };
        ended = Some(result?);
        Ok(POWERHOSE_OK)
    };
    let status = guard(error, |problem: &Problem| problem.status, next);
    put(reply, ended.map(powerhose_reply));
    status
}

/// Whether `powerhose_batch_next` would not wait now.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_batch_has_next(batch: Option<&powerhose_batch>) -> bool {
    guard(None, |_| false, || Ok(here_batch(batch)?.has_next()))
}

/// Cancels the jobs whose ends nobody has taken, and frees the batch. No other thread may be using it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_batch_free(batch: Option<Box<powerhose_batch>>) {
    guard(
        None,
        |_| (),
        || {
            drop(batch);
            Ok(())
        },
    );
}

fn here_batch(batch: Option<&powerhose_batch>) -> Result<&Batch, Problem> {
    given(batch, "batch")?.0.here()
}
