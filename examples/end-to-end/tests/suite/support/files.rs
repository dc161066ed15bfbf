//! Files by which a test and a handler tell each other something: they are awaited, so that no test has to guess how long
//! a job runs.

use super::until;
use powerhose_master::Job;
use std::fs;
use std::path::PathBuf;

/// Holds jobs at their workers until it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Gate(pub(super) PathBuf);

impl Gate {
    /// A job that runs until the gate is open. Its reply is the number of its attempt.
    pub(crate) fn job(&self) -> Job {
        super::job("wait-file", self.path())
    }

    pub(crate) fn open(&self) {
        fs::write(&self.0, "").expect("a file");
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("a path of the test's own")
    }
}

/// Made by a handler, to be waited for.
#[derive(Clone, Debug)]
pub(crate) struct Mark(pub(super) PathBuf);

impl Mark {
    /// A job that runs until nobody waits for it, and then makes the mark.
    pub(crate) fn job_until_cancelled(&self) -> Job {
        super::job("wait-cancelled", self.0.to_str().expect("a path of the test's own"))
    }

    #[track_caller]
    pub(crate) fn wait(&self) {
        until("a handler's mark", || self.is_there());
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.exists()
    }
}
