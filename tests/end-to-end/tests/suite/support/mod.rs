//! What the tests share: a scene with a master and its workers, processes that end with their test, and waiting for a
//! condition with a bound. Nothing here waits for a time to pass.

mod cable;
mod caller;
mod files;
mod job;
mod outside;
mod programs;
mod raw;
mod raw_worker;
mod scene;

pub(crate) use cable::Cable;
pub(crate) use caller::{Call, Caller, ClientProgram, Failed};
pub(crate) use files::{Gate, Mark, numbered};
pub(crate) use job::{Job, job};
pub(crate) use outside::OutsideMaster;
pub(crate) use powerhose_harness::{
    Process, eventually, handles_sigterm, is_running, is_stopped, send_signal, until,
};
pub(crate) use programs::PROGRAMS;
#[cfg(feature = "python-tests")]
pub(crate) use programs::{python, python_example};
pub(crate) use raw::{Peer, Refusal, frames, heartbeat, hello};
pub(crate) use raw_worker::{RawWorker, call, done, end};
#[cfg(feature = "python-tests")]
pub(crate) use scene::PYTHON_WORKERS;
pub(crate) use scene::{CLIENT_PROGRAM, EMBEDDED, OVER_TCP, REMOTE, Scene, Setup, connect};

use powerhose::{JobErrorKind, JobRunner};
use std::time::{Duration, Instant};

/// Far longer than anything takes, also on a loaded machine: it only keeps a broken test from hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// Waits until this much time has passed, where that is what a test is about.
pub(crate) fn time_has_passed(duration: Duration) {
    let since = Instant::now();
    until("time to pass", || since.elapsed() >= duration);
}

/// Whether a runner takes no job any longer. One that it takes is cancelled.
pub(crate) fn rejects(runner: &JobRunner) -> bool {
    let answer = runner.submit("late").wait_timeout(LOOK_AGAIN_AFTER);
    answer.is_some_and(|answer| answer.is_err())
}

/// The code and the text of a job that failed.
#[track_caller]
pub(crate) fn failure(kind: &JobErrorKind) -> (&str, &str) {
    match kind {
        JobErrorKind::Failed { code, text } => (code, text),
        other => panic!("{other:?} instead of a failure"),
    }
}

/// Makes a test of each function, for a master in this process, for one that is reached as a client, and for one that is
/// reached over TCP. With `and_python` the workers are Python's, too.
///
/// A file with several of these gives the further ones names: `mod name:`.
macro_rules! in_every_setup {
    (mod $group:ident: $($test:ident),+ $(,)?) => {
        mod $group {
            mod embedded {
                $(#[test]
                fn $test() {
                    super::super::$test($crate::support::EMBEDDED);
                })+
            }

            mod remote {
                $(#[test]
                fn $test() {
                    super::super::$test($crate::support::REMOTE);
                })+
            }

            mod over_tcp {
                $(#[test]
                fn $test() {
                    super::super::$test($crate::support::OVER_TCP);
                })+
            }
        }
    };
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

        mod over_tcp {
            $(#[test]
            fn $test() {
                super::$test($crate::support::OVER_TCP);
            })+
        }
    };
}

/// Makes a test of each function, for workers in Rust and for those in Python.
macro_rules! in_each_language {
    ($($test:ident),+ $(,)?) => {
        mod rust_workers {
            $(#[test]
            fn $test() {
                super::$test($crate::support::EMBEDDED);
            })+
        }

        #[cfg(feature = "python-tests")]
        mod python_workers {
            $(#[test]
            fn $test() {
                super::$test($crate::support::PYTHON_WORKERS);
            })+
        }
    };
}

/// Makes a test of each function about clients, for one in this process and for a client program.
macro_rules! in_a_client {
    ($($test:ident),+ $(,)?) => {
        mod as_a_client_here {
            $(#[test]
            fn $test() {
                super::$test($crate::support::REMOTE);
            })+
        }

        mod as_a_client_program {
            $(#[test]
            fn $test() {
                super::$test($crate::support::CLIENT_PROGRAM);
            })+
        }
    };
}

/// Makes a test of each function, for a client program: in Rust, or in the language of POWERHOSE_TEST_CLIENT.
macro_rules! in_a_client_program {
    ($($test:ident),+ $(,)?) => {
        mod client_program {
            $(#[test]
            fn $test() {
                super::$test($crate::support::CLIENT_PROGRAM);
            })+
        }
    };
}

pub(crate) use {in_a_client, in_a_client_program, in_each_language, in_every_setup};
