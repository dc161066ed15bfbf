//! Files by which a test and a handler tell each other something: they are awaited, so that no test has to guess how long
//! a job runs.

use super::{Job, eventually, job, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Holds jobs at their workers until it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Gate(pub(super) PathBuf);

impl Gate {
    /// One at this path, where nothing is yet.
    pub(crate) fn at(path: PathBuf) -> Gate {
        Gate(path)
    }

    /// A job that runs until the gate is open. Its reply is the number of its attempt.
    pub(crate) fn job(&self) -> Job {
        job("wait-file", self.path())
    }

    pub(crate) fn open(&self) {
        fs::write(&self.0, "").expect("a file");
    }

    /// Waits until this many of its jobs were begun; gives all that were, in that order.
    #[track_caller]
    pub(crate) fn wait_begun(&self, count: usize) -> Vec<Begun> {
        wait_begun(&self.0, count)
    }

    /// Those of its jobs that were begun so far.
    pub(crate) fn begun(&self) -> Vec<Begun> {
        begun(&self.0)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.exists()
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("a path of the test's own")
    }
}

/// A handler that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    /// In which process.
    pub(crate) pid: u32,
    /// As which attempt.
    pub(crate) attempt: u64,
}

/// Made by a handler, to be waited for.
#[derive(Clone, Debug)]
pub(crate) struct Mark(pub(super) PathBuf);

impl Mark {
    /// A job that runs until nobody waits for it, and then makes the mark.
    pub(crate) fn job_until_cancelled(&self) -> Job {
        job("wait-cancelled", self.path())
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("a path of the test's own")
    }

    /// Waits until such a job runs.
    #[track_caller]
    pub(crate) fn wait_begun(&self) {
        wait_begun(&self.0, 1);
    }

    /// Whether such a job ever ran.
    pub(crate) fn is_begun(&self) -> bool {
        !begun(&self.0).is_empty()
    }

    #[track_caller]
    pub(crate) fn wait(&self) {
        until("a handler's mark", || self.is_there());
    }

    pub(crate) fn make(&self) {
        fs::write(&self.0, "").expect("a file");
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.exists()
    }
}

#[track_caller]
fn wait_begun(path: &Path, count: usize) -> Vec<Begun> {
    eventually(&format!("{count} jobs to begin"), || {
        let begun = begun(path);
        (begun.len() >= count).then_some(begun)
    })
}

fn begun(path: &Path) -> Vec<Begun> {
    let text = fs::read_to_string(path.with_extension("begun")).unwrap_or_default();
    // Without the last line's end a handler is still writing it.
    let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')?.split_once(' '));
    let number = |text: &str| text.parse().expect("a handler writes numbers");
    lines.map(|(pid, attempt)| Begun { pid: number(pid) as u32, attempt: number(attempt) }).collect()
}

/// A path that no test has used.
pub(crate) fn numbered(folder: &Path, name: &str) -> PathBuf {
    static LAST: AtomicU64 = AtomicU64::new(0);
    folder.join(format!("{name}-{}", LAST.fetch_add(1, Ordering::Relaxed)))
}
