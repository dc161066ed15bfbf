//! Jobs whose ends come through one queue: for loops that wait for many things at once.

mod ends;

use crate::birth::Native;
use crate::error::powerhose_error;
use crate::guard::{ErrorOut, given, guard, time};
use crate::job::{powerhose_job, read};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::reply::powerhose_reply;
use crate::runner::{here, powerhose_runner};
use ends::{Context, Ended, Ends, Next};
use powerhose::JobRunner;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Instant;

/// Jobs whose ends come through one queue, in the order in which they end. Any number of threads may hand jobs over and take ends
/// at once. Freed by `powerhose_queue_free`, which cancels the jobs that have not ended.
pub struct powerhose_queue(Native<Queue>);

struct Queue {
    runner: JobRunner,
    ends: Arc<Ends>,
}

/// The end of a job: what `powerhose_queue_next` gives. One of `reply` and `error` is set, and is to be freed.
#[repr(C)]
pub struct powerhose_end {
    /// The job, as `powerhose_queue_submit` numbered it.
    pub ticket: u64,
    /// What `powerhose_queue_submit` was given.
    pub context: *mut c_void,
    /// POWERHOSE_OK, or the kind of the error.
    pub status: powerhose_status,
    /// With POWERHOSE_OK.
    pub reply: Option<Box<powerhose_reply>>,
    /// Otherwise.
    pub error: Option<Box<powerhose_error>>,
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.ends.cancel_all();
    }
}

/// A queue of jobs for a runner, which it keeps running.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_queue_new(
    runner: Option<&powerhose_runner>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_queue>> {
    let make = || {
        let queue = Queue { runner: here(runner)?.clone(), ends: Arc::new(Ends::new()) };
        Ok(Some(Box::new(powerhose_queue(Native::new(queue)))))
    };
    guard(error, |_| None, make)
}

/// Hands a job over and returns at once. Its end comes with `context` and with the number that `ticket` is set to, from 1; either may
/// be NULL. An error only where an argument is wrong: the end of a job that is refused comes as rejected.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_queue_submit(
    queue: Option<&powerhose_queue>,
    job: Option<&powerhose_job>,
    context: *mut c_void,
    ticket: Option<&mut MaybeUninit<u64>>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let submit = || {
        // SAFETY: C passes a job that is as its fields say.
        let job = unsafe { read(job)? };
        let queue = given(queue, "queue")?.0.here()?;
        let number = queue.ends.ticket();
        if let Some(ticket) = ticket {
            ticket.write(number);
        }
        let (ends, context) = (queue.ends.clone(), Context(context));
        let canceller = queue.runner.submit(job).on_end(move |result| {
            let context = context;
            ends.add(Ended { ticket: number, context, result });
        });
        queue.ends.begun(number, canceller);
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, submit)
}

/// The end of the job that ended next, as soon as one has, but no later than this; 0 looks and does not wait, POWERHOSE_FOREVER waits
/// as long as it takes. POWERHOSE_OK: `end` is set, whatever the job's end was. POWERHOSE_PENDING: none has come yet.
/// POWERHOSE_ENDED: none has, and no job is under way.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_queue_next(
    queue: Option<&powerhose_queue>,
    timeout_ms: u64,
    end: Option<&mut MaybeUninit<powerhose_end>>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let next = || {
        let queue = given(queue, "queue")?.0.here()?;
        let Some(end) = end else { return Err(Problem::invalid("end is NULL")) };
        let until = time(timeout_ms).and_then(|timeout| Instant::now().checked_add(timeout));
        let Ended { ticket, context: Context(context), result } = match queue.ends.next(until) {
            Next::Ended(ended) => ended,
            Next::NotYet => return Ok(POWERHOSE_PENDING),
            Next::Nothing => return Ok(POWERHOSE_ENDED),
        };
        end.write(match result {
            Ok(reply) => {
                let reply = Some(Box::new(powerhose_reply(reply)));
                powerhose_end { ticket, context, status: POWERHOSE_OK, reply, error: None }
            }
            Err(error) => {
                let problem = Problem::from(error);
                let status = problem.status;
                powerhose_end {
                    ticket,
                    context,
                    status,
                    reply: None,
                    error: Some(powerhose_error::new(problem)),
                }
            }
        });
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, next)
}

/// A descriptor that is readable while an end is there: for poll, epoll or a loop of any kind. When it is, call
/// `powerhose_queue_next` with a timeout of 0 until it gives none. Never read from it and never close it: it is the queue's. -1 and an
/// error if the process has none left.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_queue_descriptor(queue: Option<&powerhose_queue>, error: ErrorOut<'_>) -> c_int {
    let descriptor = || given(queue, "queue")?.0.here()?.ends.descriptor().map_err(Problem::system);
    guard(error, |_| -1, descriptor)
}

/// Takes a job back: its end comes as cancelled, unless it has ended.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_queue_cancel(queue: Option<&powerhose_queue>, ticket: u64) {
    let cancel = || {
        given(queue, "queue")?.0.here()?.ends.cancel(ticket);
        Ok(())
    };
    guard(None, |_| (), cancel)
}

/// Cancels the jobs that have not ended, drops the ends that were not taken, and frees the queue. No other thread may be using it.
/// NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_queue_free(queue: Option<Box<powerhose_queue>>) {
    guard(
        None,
        |_| (),
        || {
            drop(queue);
            Ok(())
        },
    );
}
