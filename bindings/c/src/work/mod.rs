//! A job as its worker sees it, and what it answers.

mod answers;

use crate::birth::Native;
use crate::guard::{ErrorOut, given, guard, text_or_null};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::views::{powerhose_bytes, powerhose_header_view};
use bytes::Bytes;
use powerhose::worker::{Job, JobFailure, PulledJob, Reply};
use std::ffi::c_char;
use std::mem::{self, MaybeUninit};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where C wants work. What stands there before is not read.
pub(crate) type WorkOut<'w> = Option<&'w mut MaybeUninit<Option<Box<powerhose_work>>>>;

/// One attempt of one job at a worker, and the answer to it. What is read from it lives as long as it does.
///
/// A handler borrows it, and its answer counts when the handler returns. One of `powerhose_worker_next` belongs to the program, and ends
/// with `powerhose_work_finish`, or with `powerhose_work_free`, which fails the job. One thread at a time uses it, whichever;
/// `powerhose_work_is_cancelled` may be asked on any meanwhile.
pub struct powerhose_work {
    job: Native<At>,
    whose: Whose,
    answer: Mutex<Answer>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// A handler has it until it returns.
    Handlers,
    /// Of `powerhose_worker_next`.
    Programs,
}

enum At {
    /// Of a handler that has not returned.
    Lent(*const Job),
    Pulled(PulledJob),
}

/// Nothing was said: a reply without bytes.
#[derive(Default)]
struct Answer {
    payload: Payload,
    headers: Vec<(String, Vec<u8>)>,
    failure: Option<JobFailure>,
}

enum Payload {
    /// Copied, or room that C writes into.
    Own(Vec<u8>),
    Lent(Bytes),
}

impl Default for Payload {
    fn default() -> Payload {
        Payload::Own(Vec::new())
    }
}

impl From<Payload> for Reply {
    fn from(payload: Payload) -> Reply {
        match payload {
            Payload::Own(bytes) => Reply::from(bytes),
            Payload::Lent(bytes) => Reply::from(bytes),
        }
    }
}

impl powerhose_work {
    /// For as long as the job lives: no longer than the handler runs.
    pub(crate) fn lent(job: &Job) -> powerhose_work {
        powerhose_work { job: Native::new(At::Lent(job)), whose: Whose::Handlers, answer: Mutex::default() }
    }

    pub(crate) fn pulled(job: PulledJob) -> powerhose_work {
        powerhose_work { job: Native::new(At::Pulled(job)), whose: Whose::Programs, answer: Mutex::default() }
    }

    /// What was said.
    pub(crate) fn answer(&self) -> Result<Reply, JobFailure> {
        let answer = mem::take(&mut *self.lock());
        match answer.failure {
            Some(failure) => Err(failure),
            None => Ok(answer
                .headers
                .into_iter()
                .fold(Reply::from(answer.payload), |reply, (name, value)| reply.header(name, value))),
        }
    }

    /// It is read in a child too that a handler forks to do the work.
    fn job(&self) -> &Job {
        match self.job.anywhere() {
            // SAFETY: a handler uses it only while it runs, and the job lives as long.
            At::Lent(job) => unsafe { &**job },
            At::Pulled(job) => job,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Answer> {
        // What is half said after a panic is said.
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the job tells; `none` without a job.
fn read<R>(work: Option<&powerhose_work>, none: R, read: impl FnOnce(&Job) -> R) -> R
where
    R: Copy,
{
    guard(None, |_| none, || Ok(read(given(work, "work")?.job())))
}

/// The caller's bytes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_payload(work: Option<&powerhose_work>) -> powerhose_bytes {
    read(work, powerhose_bytes::NONE, |job| powerhose_bytes::of(job.payload()))
}

/// The value of a header that the caller set; nothing if it did not, or the name is no UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_header(
    work: Option<&powerhose_work>,
    name: *const c_char,
) -> powerhose_bytes {
    read(work, powerhose_bytes::NONE, |job| {
        // SAFETY: C passes text, or NULL.
        let name = unsafe { text_or_null(name, "name") }.ok().flatten();
        name.and_then(|name| job.header(name)).map_or(powerhose_bytes::NONE, powerhose_bytes::of)
    })
}

/// How many headers the caller set.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_headers_count(work: Option<&powerhose_work>) -> usize {
    read(work, 0, |job| job.headers().count())
}

/// The header of this number, from 0.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_header_at(
    work: Option<&powerhose_work>,
    number: usize,
) -> powerhose_header_view {
    read(work, powerhose_header_view::of(None), |job| powerhose_header_view::of(job.headers().nth(number)))
}

/// The job's id, the same in its caller's errors and, written by `powerhose_job_id_text`, in all logs.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_job(work: Option<&powerhose_work>) -> u64 {
    read(work, 0, |job| job.id().to_wire())
}

/// Which dispatch of the job this is, from 1. A higher one means that it may have run before.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_attempt(work: Option<&powerhose_work>) -> u64 {
    read(work, 0, Job::attempt)
}

/// The pool, in UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_pool(work: Option<&powerhose_work>) -> powerhose_bytes {
    read(work, powerhose_bytes::NONE, |job| powerhose_bytes::of(job.pool().as_bytes()))
}

/// Whether the caller forbade a second dispatch.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_is_once(work: Option<&powerhose_work>) -> bool {
    read(work, false, Job::is_once)
}

/// The time until the caller gives up; 0 once it has.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_remaining_ms(work: Option<&powerhose_work>) -> u64 {
    read(work, 0, |job| job.remaining().as_millis() as u64)
}

/// Whether nobody waits for the answer any longer. A handler that ends early then frees its worker; what it answers goes nowhere.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_is_cancelled(work: Option<&powerhose_work>) -> bool {
    read(work, false, Job::is_cancelled)
}

/// Hands what was said to the wire, and frees the work. Only for work of `powerhose_worker_next`: a handler returns instead, and gets
/// POWERHOSE_MISUSE here.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_finish(work: *mut powerhose_work, error: ErrorOut<'_>) -> powerhose_status {
    let finish = || {
        let work = owned(work)?;
        let answer = work.answer();
        match work.job.take()? {
            At::Pulled(job) => match answer {
                Ok(reply) => job.finish(reply),
                Err(failure) => job.fail(failure),
            },
            At::Lent(_) => unreachable!("such work is nobody's own"),
        }
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, finish)
}

/// Frees work that is not finished: its job fails with the code `dropped`. Does nothing in a handler. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_free(work: *mut powerhose_work) {
    guard(None, |_| (), || owned(work).map(drop));
}

/// Work of `powerhose_worker_next`, taken from C.
fn owned(work: *mut powerhose_work) -> Result<Box<powerhose_work>, Problem> {
    // SAFETY: C passes work, or NULL.
    if given(unsafe { work.as_ref() }, "work")?.whose == Whose::Handlers {
        return Err(Problem::misuse("lent", "a handler answers by returning"));
    }
    // SAFETY: such work was boxed by `powerhose_worker_next`, and C gives it back once.
    Ok(unsafe { Box::from_raw(work) })
}
