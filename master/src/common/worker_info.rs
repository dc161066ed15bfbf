//! What a master tells of one of its workers.

use powerhose_protocol::JobId;
use std::time::Duration;

/// What a master knows of one of its workers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerInfo {
    /// Its id, unique in the life of the master.
    pub id: u64,
    /// Its process id on its host.
    pub pid: u32,
    /// Its host's name.
    pub host: String,
    /// Random, new at every start of its process.
    pub instance: String,
    /// Name and version of its software.
    pub software: String,
    /// Whether it is ready, busy, overdue or quiet.
    pub state: WorkerState,
    /// The pools it offers.
    pub pools: Vec<String>,
    /// How many jobs it has not answered.
    pub outstanding: usize,
    /// How many it has answered with a reply.
    pub done: u64,
    /// How many it has answered with an error.
    pub failed: u64,
    /// What it does now, if it has a job.
    pub current: Option<CurrentJob>,
    /// How long its last job ran.
    pub run_last: Duration,
    /// How long its longest job ran.
    pub run_longest: Duration,
    /// How long all its jobs ran together.
    pub run_sum: Duration,
    /// How long ago it was last heard of.
    pub silence: Duration,
    /// What its operator wants to see beside it.
    pub labels: Vec<(String, String)>,
}

/// The first job that a worker has not answered: the one that it runs, as far as its master can know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CurrentJob {
    /// Which.
    pub job: JobId,
    /// Of which pool.
    pub pool: String,
    /// How long the worker has had it, or, if another came before it, how long ago it answered that one.
    pub age: Duration,
}

impl WorkerInfo {
    /// How long its jobs ran on average; nothing before the first.
    pub fn run_average(&self) -> Option<Duration> {
        let jobs = self.done + self.failed;
        (jobs > 0).then(|| Duration::from_nanos((self.run_sum.as_nanos() / u128::from(jobs)) as u64))
    }
}

/// A worker's state, in the words of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerState {
    /// It has nothing to do.
    Ready,
    /// It runs a job.
    Busy,
    /// It runs a job that nobody waits for any longer, or ran too long too often. It gets no jobs.
    Overdue,
    /// It is leaving, and gets no jobs.
    Quiet,
}

impl WorkerState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            WorkerState::Ready => "ready",
            WorkerState::Busy => "busy",
            WorkerState::Overdue => "overdue",
            WorkerState::Quiet => "quiet",
        }
    }

    /// The state that has this word.
    pub(crate) fn from_word(word: &str) -> Option<WorkerState> {
        [WorkerState::Ready, WorkerState::Busy, WorkerState::Overdue, WorkerState::Quiet]
            .into_iter()
            .find(|state| state.word() == word)
    }
}
