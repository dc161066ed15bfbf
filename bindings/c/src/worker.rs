//! A worker, in both its faces: it calls a handler, or is asked for its jobs.

use crate::birth::Native;
use crate::guard::{ErrorOut, bytes, given, guard, put, text, text_or_null, time};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::work::{WorkOut, powerhose_work};
use powerhose::worker::{NextJob, PulledWorker, StopHandle, Worker};
use powerhose::{CurveClient, SharedSecret};
use std::ffi::{c_char, c_int, c_void};
use std::os::fd::AsRawFd;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// A worker. Made by `powerhose_worker_new`, then its settings, then `powerhose_worker_run` or `powerhose_worker_open`, once. One thread
/// at a time uses it, but any may call `powerhose_worker_stop`. Freed by `powerhose_worker_free`.
pub struct powerhose_worker(Native<Inner>);

struct Inner {
    stop: StopHandle,
    state: Mutex<State>,
}

enum State {
    /// Not begun.
    Settings(Worker),
    /// Something is wrong with its settings, which is told when it begins.
    Wrong(Problem),
    Open(PulledWorker),
    Begun,
}

/// Runs a job: reads `work` and says what the answer is. It throws nothing and does not jump out.
pub type powerhose_handler = Option<extern "C" fn(context: *mut c_void, work: *mut powerhose_work)>;

impl Inner {
    fn state(&self) -> Result<MutexGuard<'_, State>, Problem> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(Problem::misuse("in_use", "another thread uses this worker"))
            }
        }
    }

    /// The settings, which are used up.
    fn begin(&self) -> Result<Worker, Problem> {
        let mut state = self.state()?;
        match std::mem::replace(&mut *state, State::Begun) {
            State::Settings(worker) => Ok(worker),
            State::Wrong(problem) => Err(problem),
            other @ (State::Open(_) | State::Begun) => {
                *state = other;
                Err(Problem::misuse("begun", "a worker begins once: make another one"))
            }
        }
    }
}

/// A worker of the master at an endpoint, `ipc:///path/to/socket` or `tcp://host:port`. NULL: what the environment says, as a
/// supervisor sets it (POWERHOSE_ENDPOINT, POWERHOSE_POOL, POWERHOSE_SECRET_FILE, POWERHOSE_CURVE_FILE). Nothing is sent before it
/// runs or is opened.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_new(
    endpoint: *const c_char,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_worker>> {
    let make = || {
        // SAFETY: C passes text, or NULL.
        let worker = match unsafe { text_or_null(endpoint, "endpoint")? } {
            Some(endpoint) => Worker::connect(endpoint)?,
            None => Worker::from_env()?,
        };
        let (stop, state) = (worker.stop_handle(), Mutex::new(State::Settings(worker)));
        Ok(Some(Box::new(powerhose_worker(Native::new(Inner { stop, state })))))
    };
    guard(error, |_| None, make)
}

/// Changes a worker that has not begun. After a wrong setting it cannot begin, and says so then.
fn set(worker: Option<&powerhose_worker>, change: impl FnOnce(Worker) -> Result<Worker, Problem>) {
    let set = || {
        let mut state = given(worker, "worker")?.0.here()?.state()?;
        *state = match std::mem::replace(&mut *state, State::Begun) {
            State::Settings(worker) => change(worker).map_or_else(State::Wrong, State::Settings),
            other @ (State::Wrong(_) | State::Open(_) | State::Begun) => other,
        };
        Ok(())
    };
    guard(None, |_| (), set);
}

/// Offers a pool, beside those offered before, and takes at most so many of its jobs at once, from 1 to 1024; 0: 64. Without any, the
/// worker offers those of the environment, or `default`.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_pool(worker: Option<&powerhose_worker>, name: *const c_char, credit: u64) {
    set(worker, |worker| {
        // SAFETY: C passes text.
        let name = unsafe { text(name, "name")? };
        Ok(if credit == 0 { worker.pool(name) } else { worker.pool_with_credit(name, credit) })
    });
}

/// Adds a label that its operator sees beside the worker: at most 32, with 4 KiB in all.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_label(
    worker: Option<&powerhose_worker>,
    name: *const c_char,
    value: *const c_char,
) {
    // SAFETY: C passes text, twice.
    set(worker, |worker| Ok(unsafe { worker.label(text(name, "name")?, text(value, "value")?) }));
}

/// Name and version of the program, for the master's logs; cut to 255 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_software(worker: Option<&powerhose_worker>, software: *const c_char) {
    // SAFETY: C passes text.
    set(worker, |worker| Ok(worker.software(unsafe { text(software, "software")? })));
}

/// The secret that it shares with the master: at least 32 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_secret(
    worker: Option<&powerhose_worker>,
    secret: *const c_void,
    secret_size: usize,
) {
    set(worker, |worker| {
        // SAFETY: C passes so many bytes.
        let secret = unsafe { bytes(secret, secret_size, "secret")? };
        Ok(worker.shared_secret(SharedSecret::new(secret).map_err(Problem::invalid)?))
    });
}

/// A file of CURVE keys, for `tcp://`: lines `server KEY`, `public KEY`, `secret KEY`. Default: that of POWERHOSE_CURVE_FILE, where the
/// endpoint is the environment's too. Needs a library that was built with libzmq.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_curve_file(worker: Option<&powerhose_worker>, path: *const c_char) {
    set(worker, |worker| {
        // SAFETY: C passes text.
        let path = unsafe { text(path, "path")? };
        Ok(worker.curve(CurveClient::from_file(path).map_err(Problem::invalid)?))
    });
}

/// How long the master may be silent, from the start or later, before the worker gives up. Default: 30 s.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_silence_max_ms(worker: Option<&powerhose_worker>, silence_ms: u64) {
    set(worker, |worker| Ok(worker.silence_max(Duration::from_millis(silence_ms))));
}

/// Leaves SIGTERM and SIGINT to the program. Otherwise each does what `powerhose_worker_stop` does while the worker runs or is open;
/// after it they are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_ignore_signals(worker: Option<&powerhose_worker>) {
    set(worker, |worker| Ok(worker.ignore_signals()));
}

/// Registers, and calls the handler with one job after the other on this thread, until the worker is told to leave: POWERHOSE_OK.
/// Heartbeats go on meanwhile. When the master restarts, the worker registers again. A handler that runs far beyond its job's deadline
/// ends the process with status 86.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_run(
    worker: Option<&powerhose_worker>,
    handler: powerhose_handler,
    context: *mut c_void,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let run = || {
        let worker = given(worker, "worker")?.0.here()?;
        let Some(handler) = handler else { return Err(Problem::invalid("handler is NULL")) };
        worker.begin()?.run(|job| {
            let mut work = powerhose_work::lent(job);
            handler(context, &mut work);
            work.answer()
        })?;
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, run)
}

/// Connects, for a program that asks for its jobs: it registers while it asks for the first. Returns at once; the master may not be
/// there yet.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_open(
    worker: Option<&powerhose_worker>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let open = || {
        let worker = given(worker, "worker")?.0.here()?;
        let opened = worker.begin()?.open()?;
        *worker.state()? = State::Open(opened);
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, open)
}

/// The next job of an open worker, as soon as one is there, but no later than this; 0 looks and does not wait, POWERHOSE_FOREVER waits as
/// long as it takes. POWERHOSE_OK: `work` is set, and is to be finished or freed before the next is asked for. POWERHOSE_PENDING: none is
/// there. POWERHOSE_ENDED: the worker has left.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_next(
    worker: Option<&powerhose_worker>,
    timeout_ms: u64,
    work: WorkOut<'_>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let mut came = None;
    let next = || {
        let mut state = given(worker, "worker")?.0.here()?.state()?;
        let worker = opened(&mut state)?;
        let next = match time(timeout_ms) {
            Some(timeout) => worker.next_job_timeout(timeout)?,
            None => worker.next_job()?.map_or(NextJob::Ended, NextJob::Job),
        };
        Ok(match next {
            NextJob::Job(job) => {
                came = Some(powerhose_work::pulled(job));
                POWERHOSE_OK
            }
            NextJob::NotYet => POWERHOSE_PENDING,
            NextJob::Ended => POWERHOSE_ENDED,
        })
    };
    let status = guard(error, |problem: &Problem| problem.status, next);
    put(work, came);
    status
}

/// A descriptor that is readable when a job may be there or the worker has ended; it may be readable for nothing. Sleep on it only after
/// `powerhose_worker_next` gave none. Never read from it and never close it: it is the worker's. -1 and an error if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_descriptor(
    worker: Option<&powerhose_worker>,
    error: ErrorOut<'_>,
) -> c_int {
    let descriptor = || {
        let mut state = given(worker, "worker")?.0.here()?.state()?;
        Ok(opened(&mut state)?.descriptor()?.as_raw_fd())
    };
    guard(error, |_| -1, descriptor)
}

/// Tells the worker to leave, from any thread and from a signal's handler: it gives back the jobs that it has not begun, finishes the one
/// that runs, says goodbye, and `powerhose_worker_run` returns or `powerhose_worker_next` gives POWERHOSE_ENDED.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_stop(worker: Option<&powerhose_worker>) {
    if let Some(inner) = worker.and_then(|worker| worker.0.here().ok()) {
        inner.stop.stop();
    }
}

/// Leaves, if it is open and has not left, and frees the worker. No other thread may be using it. Work that it gave and that is not
/// answered goes on, and the worker has left when that is finished or freed. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_worker_free(worker: Option<Box<powerhose_worker>>) {
    guard(
        None,
        |_| (),
        || {
            drop(worker);
            Ok(())
        },
    );
}

fn opened(state: &mut State) -> Result<&mut PulledWorker, Problem> {
    match state {
        State::Open(worker) => Ok(worker),
        State::Settings(_) | State::Wrong(_) | State::Begun => {
            Err(Problem::misuse("not_open", "powerhose_worker_open was not called"))
        }
    }
}
