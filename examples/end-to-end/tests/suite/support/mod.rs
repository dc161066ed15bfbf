//! What the tests share: a scene with a master and its workers, processes that end with their test, and waiting for a
//! condition with a bound. Nothing here waits for a time to pass.

mod files;
mod process;
mod raw;
mod scene;

pub(crate) use files::{Gate, Mark};
pub(crate) use process::{PROGRAMS, Process, is_running, send_signal};
pub(crate) use raw::{Peer, frames};
pub(crate) use scene::{EMBEDDED, Scene, Setup};
#[cfg(feature = "python-tests")]
pub(crate) use scene::{PYTHON_WORKERS, python};
pub(crate) use scene::{REMOTE, job};

use powerhose_master::{JobError, JobErrorKind};
use std::thread;
use std::time::{Duration, Instant};

/// Far longer than anything takes, also on a loaded machine: it only keeps a broken test from hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// Waits until the condition gives something.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        thread::sleep(LOOK_AGAIN_AFTER);
    }
}

/// Waits until the condition holds.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    eventually(what, || condition().then_some(()));
}

/// The code and the text of a job that failed.
#[track_caller]
pub(crate) fn failure(error: &JobError) -> (&str, &str) {
    match error.kind() {
        JobErrorKind::Failed { code, text } => (code, text),
        other => panic!("{other:?} instead of a failure"),
    }
}

/// Makes a test of each function, for a master in this process and for one that is reached as a client. With
/// `and_python` the workers are Python's, too.
macro_rules! in_every_setup {
    (and_python: $($test:ident),+ $(,)?) => {
        in_every_setup!($($test),+);

        #[cfg(feature = "python-tests")]
        mod python_workers {
            $(#[test]
            fn $test() {
                super::$test($crate::support::PYTHON_WORKERS);
            })+
        }
    };
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[test]
            fn $test() {
                super::$test($crate::support::EMBEDDED);
            })+
        }

        mod remote {
            $(#[test]
            fn $test() {
                super::$test($crate::support::REMOTE);
            })+
        }
    };
}

pub(crate) use in_every_setup;
