//! The handle of a submitted job.

use crate::birth::Native;
use crate::guard::{ErrorOut, given, guard, put, time};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::reply::{ReplyOut, powerhose_reply};
use powerhose::{Canceller, JobHandle};
use std::sync::{Mutex, TryLockError};

/// A submitted job. One thread waits for it; any other may cancel it meanwhile. It keeps its runner running.
///
/// Freed by `powerhose_handle_free`, which cancels the job unless it has ended: nobody waits for it any longer.
pub struct powerhose_handle(Native<Submitted>);

struct Submitted {
    canceller: Canceller,
    /// None once the end was taken.
    waits: Mutex<Option<JobHandle>>,
}

impl powerhose_handle {
    pub(crate) fn new(handle: JobHandle) -> powerhose_handle {
        let canceller = handle.canceller();
        powerhose_handle(Native::new(Submitted { canceller, waits: Mutex::new(Some(handle)) }))
    }
}

/// Waits until the job has ended, but no longer than this; 0 looks and does not wait, POWERHOSE_FOREVER waits until shortly after
/// the job's deadline at the latest. POWERHOSE_PENDING: it has not ended, and goes on. Its end is given once.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_handle_wait(
    handle: Option<&powerhose_handle>,
    timeout_ms: u64,
    reply: ReplyOut<'_>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let mut ended = None;
    let status = guard(
        error,
        |problem| problem.status,
        || {
            let submitted = given(handle, "handle")?.0.here()?;
            let mut waits = match submitted.waits.try_lock() {
                Ok(waits) => waits,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    return Err(Problem::misuse("waited_for", "another thread waits for this job"));
                }
            };
            let Some(job) = &mut *waits else {
                return Err(Problem::misuse("taken", "the end of this job was taken before"));
            };
            let Some(timeout) = time(timeout_ms) else {
                ended = waits.take().map(JobHandle::wait).transpose()?;
                return Ok(POWERHOSE_OK);
            };
            let Some(result) = job.wait_timeout(timeout) else { return Ok(POWERHOSE_PENDING) };
            *waits = None;
            ended = Some(result?);
            Ok(POWERHOSE_OK)
        },
    );
    put(reply, ended.map(powerhose_reply));
    status
}

/// Whether the job has ended and its end was not taken: `powerhose_handle_wait` would give it at once.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_handle_has_ended(handle: Option<&powerhose_handle>) -> bool {
    let has_ended = || {
        let submitted = given(handle, "handle")?.0.here()?;
        // While another thread waits, it is not for this one.
        let Ok(waits) = submitted.waits.try_lock() else { return Ok(false) };
        Ok(waits.as_ref().is_some_and(JobHandle::has_ended))
    };
    guard(None, |_| false, has_ended)
}

/// The job's id; 0 before it has one, while another thread waits for it, and after its end was taken.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_handle_job(handle: Option<&powerhose_handle>) -> u64 {
    let id = || {
        let submitted = given(handle, "handle")?.0.here()?;
        let Ok(waits) = submitted.waits.try_lock() else { return Ok(0) };
        Ok(waits.as_ref().and_then(JobHandle::id).map_or(0, |id| id.to_wire()))
    };
    guard(None, |_| 0, id)
}

/// Takes the job back, from any thread: it ends as cancelled, unless it has ended. If it runs, its worker is told; a handler that
/// looks can stop.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_handle_cancel(handle: Option<&powerhose_handle>) {
    let cancel = || {
        given(handle, "handle")?.0.here()?.canceller.cancel();
        Ok(())
    };
    guard(None, |_| (), cancel)
}

/// Frees a handle and cancels its job, unless that has ended. No thread may be waiting for it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_handle_free(handle: Option<Box<powerhose_handle>>) {
    guard(
        None,
        |_| (),
        || {
            drop(handle);
            Ok(())
        },
    );
}
