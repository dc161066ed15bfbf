//! What runs jobs.

use crate::birth::Native;
use crate::error::without_zeros;
use crate::guard::{ErrorOut, given, guard, put};
use crate::handle::powerhose_handle;
use crate::job::{powerhose_job, read};
use crate::json;
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::reply::{ReplyOut, powerhose_reply};
use powerhose::{JobRunner, Reachability};
use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::time::Duration;

/// Runs jobs on worker processes. Its master is in this process or in another; the calls are the same, and any number of threads
/// may make them at once.
///
/// Freed by `powerhose_runner_free`. Handles, queues and batches that were made with it keep it running until they are freed too;
/// then a master in this process ends at once, with what it still has. `powerhose_runner_close` lets the jobs finish before.
pub struct powerhose_runner {
    runner: Native<JobRunner>,
    endpoints: Vec<CString>,
}

impl powerhose_runner {
    pub(crate) fn new(runner: JobRunner) -> powerhose_runner {
        let endpoints =
            runner.endpoints().iter().map(|endpoint| without_zeros(endpoint.to_string())).collect();
        powerhose_runner { runner: Native::new(runner), endpoints }
    }
}

/// A runner that must be there, in the process that made it.
pub(crate) fn here(runner: Option<&powerhose_runner>) -> Result<&JobRunner, Problem> {
    given(runner, "runner")?.runner.here()
}

/// Runs a job and waits for its end, at the latest until shortly after its deadline.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_execute(
    runner: Option<&powerhose_runner>,
    job: Option<&powerhose_job>,
    reply: ReplyOut<'_>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let mut ended = None;
    let status = guard(
        error,
        |problem| problem.status,
        || {
            // SAFETY: C passes a job that is as its fields say. It is read first, so that it is released in any case.
            let job = unsafe { read(job)? };
            ended = Some(here(runner)?.execute_reply(job)?);
            Ok(POWERHOSE_OK)
        },
    );
    put(reply, ended.map(powerhose_reply));
    status
}

/// Hands a job over and returns at once. NULL only where an argument is wrong: a job that is refused ends as rejected.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_submit(
    runner: Option<&powerhose_runner>,
    job: Option<&powerhose_job>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_handle>> {
    let submit = || {
        // SAFETY: C passes a job that is as its fields say.
        let job = unsafe { read(job)? };
        Ok(Some(Box::new(powerhose_handle::new(here(runner)?.submit(job)))))
    };
    guard(error, |_| None, submit)
}

/// Where the master listens, by number from 0; NULL after the last. A port that the system chose is filled in. The text lives as
/// long as the runner.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_endpoint(
    runner: Option<&powerhose_runner>,
    number: usize,
) -> *const c_char {
    let endpoint = runner.and_then(|runner| runner.endpoints.get(number));
    endpoint.map_or(std::ptr::null(), |endpoint| endpoint.as_ptr())
}

/// Waits until at least so many workers are registered.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_wait_for_workers(
    runner: Option<&powerhose_runner>,
    wanted: usize,
    within_ms: u64,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let wait = || {
        here(runner)?.wait_for_workers(wanted, Duration::from_millis(within_ms))?;
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, wait)
}

/// How many workers are registered now.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_workers_count(
    runner: Option<&powerhose_runner>,
    count: Option<&mut MaybeUninit<usize>>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let ask = || {
        let workers = here(runner)?.workers()?.len();
        if let Some(count) = count {
            count.write(workers);
        }
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, ask)
}

/// The workers that are registered now, as JSON: an array of objects with the fields of PROTOCOL.md, section 12. Freed by
/// `powerhose_string_free`; NULL and an error if the master is gone or does not answer.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_workers_json(
    runner: Option<&powerhose_runner>,
    error: ErrorOut<'_>,
) -> *mut c_char {
    guard(error, |_| std::ptr::null_mut(), || Ok(json::given_away(&json::workers(&here(runner)?.workers()?))))
}

/// What the master has counted and what it holds now, as JSON: how jobs ended, and how long they took (`times`, with quantiles, and
/// `buckets` that end at `bucket_bounds_us`). Freed by `powerhose_string_free`; NULL and an error if the master
/// is gone or does not answer.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_stats_json(
    runner: Option<&powerhose_runner>,
    error: ErrorOut<'_>,
) -> *mut c_char {
    guard(error, |_| std::ptr::null_mut(), || Ok(json::given_away(&json::stats(&here(runner)?.stats()?))))
}

/// Whether new peers find a master in this process. POWERHOSE_UNREACHABLE, and an error that says why: the file of its socket was
/// removed, or another master has it. At a client it is always POWERHOSE_OK. For probes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_reachability(
    runner: Option<&powerhose_runner>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let look = || match here(runner)?.reachability() {
        Reachability::Reachable => Ok(POWERHOSE_OK),
        Reachability::Lost { endpoint, problem } => {
            Err(Problem::unreachable("lost", format_args!("nobody finds {endpoint}: {problem}")))
        }
        Reachability::TakenOver { endpoint, .. } => {
            Err(Problem::unreachable("taken_over", format_args!("another master listens at {endpoint}")))
        }
    };
    guard(error, |problem| problem.status, look)
}

/// Frees a text that the library gave away. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: it was given away by `json::given_away`, and C gives it back once.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// Takes no further jobs (they end as rejected), lets those it has finish for so long, ends the rest as lost, and returns when the
/// runner's thread has ended. The runner is still to be freed. POWERHOSE_JOBS_LOST: some jobs were lost or timed out meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_close(
    runner: Option<&powerhose_runner>,
    drain_timeout_ms: u64,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let close = || {
        here(runner)?.close(Duration::from_millis(drain_timeout_ms))?;
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, close)
}

/// Frees a runner. No other thread may be using it. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_free(runner: Option<Box<powerhose_runner>>) {
    guard(
        None,
        |_| (),
        || {
            drop(runner);
            Ok(())
        },
    );
}
