//! What a master in this process tells of its workers and clients, taken one by one: nothing is called back.

mod inbox;
mod told;

use crate::birth::Native;
use crate::error::without_zeros;
use crate::guard::{ErrorOut, given, guard, time};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use crate::runner::{here, powerhose_runner};
use inbox::{Inbox, Next};
use powerhose::JobRunner;
use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Instant;

/// What a master in this process tells of its workers and clients, from the moment on at which this was made. 1,024 notices wait to be
/// taken; then the oldest is dropped. Freed by `powerhose_notices_free`. A client's master tells nothing.
pub struct powerhose_notices(Native<Notices>);

struct Notices {
    inbox: Arc<Inbox>,
    /// As long as somebody listens, the master lives.
    _runner: JobRunner,
}

/// Listens to the master of a runner, which it keeps running.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_runner_notices(
    runner: Option<&powerhose_runner>,
    error: ErrorOut<'_>,
) -> Option<Box<powerhose_notices>> {
    let listen = || {
        let runner = here(runner)?.clone();
        let (inbox, sender) = Inbox::new();
        runner.on_notice(move |notice| sender.send(notice));
        Ok(Some(Box::new(powerhose_notices(Native::new(Notices { inbox, _runner: runner })))))
    };
    guard(error, |_| None, listen)
}

/// The next notice, as soon as one is there, but no later than this; 0 looks and does not wait, POWERHOSE_FOREVER waits as long as it
/// takes. POWERHOSE_OK: `json` is set, and freed by `powerhose_string_free`. It is an object whose `notice` is `worker_registered`,
/// `worker_gone`, `worker_overdue`, `worker_back`, `worker_served`, `client_connected` or `client_gone`, and that has `worker` or `client`,
/// `pid`, `pools`, `cause`, `job` and the like where they are known; `missed`, where notices before it were dropped, says how many.
/// POWERHOSE_PENDING: none is there. POWERHOSE_ENDED: there will be none any more.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_notices_next(
    notices: Option<&powerhose_notices>,
    timeout_ms: u64,
    json: Option<&mut MaybeUninit<*mut c_char>>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let mut came = None;
    let next = || {
        let notices = given(notices, "notices")?.0.here()?;
        let until = time(timeout_ms).and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(match notices.inbox.next(until) {
            Next::Notice { notice, missed } => {
                came = Some(told::notice(&notice, missed));
                POWERHOSE_OK
            }
            Next::NotYet => POWERHOSE_PENDING,
            Next::Nothing => POWERHOSE_ENDED,
        })
    };
    let status = guard(error, |problem: &Problem| problem.status, next);
    if let Some(json) = json {
        json.write(came.map_or(std::ptr::null_mut(), |told| without_zeros(told.to_string()).into_raw()));
    }
    status
}

/// A descriptor that is readable while a notice is there, or none will come any more. When it is, call `powerhose_notices_next` with a
/// timeout of 0 until it gives none. Never read from it and never close it. -1 and an error if the process has none left.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_notices_descriptor(
    notices: Option<&powerhose_notices>,
    error: ErrorOut<'_>,
) -> c_int {
    let descriptor = || given(notices, "notices")?.0.here()?.inbox.descriptor().map_err(Problem::system);
    guard(error, |_| -1, descriptor)
}

/// Listens no longer. No other thread may be waiting for a notice. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_notices_free(notices: Option<Box<powerhose_notices>>) {
    guard(
        None,
        |_| (),
        || {
            drop(notices);
            Ok(())
        },
    );
}
