//! What the dispatcher counts, and what it holds at a moment.

use super::event::Rejection;
use super::histogram::Histogram;
use super::worker::WorkerState;
use std::time::Duration;

/// Counts since the start of the master, and what it holds at the moment of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Jobs taken in.
    pub accepted: u64,
    /// Jobs that ended with a reply.
    pub done: u64,
    /// Jobs whose handler gave an error.
    pub failed: u64,
    /// Jobs whose deadline passed.
    pub timed_out: u64,
    /// Jobs whose caller left.
    pub cancelled: u64,
    /// Jobs lost with a worker or with the master.
    pub lost: u64,
    /// Jobs refused.
    pub rejected: u64,
    /// The same, by reason.
    pub rejections: Rejections,
    /// Dispatches.
    pub dispatched: u64,
    /// Jobs that went back into the queue because their worker was gone.
    pub redispatched: u64,
    /// Jobs that workers gave back unrun.
    pub returned: u64,
    /// Replies to attempts that nobody waited for.
    pub replies_late: u64,
    /// Replies to attempts that the worker did not have.
    pub replies_stray: u64,
    /// Messages refused because they could not be read, or came from the wrong role.
    pub messages_refused: u64,
    /// Peers cut off because they kept sending what has to be refused.
    pub peers_cut_off: u64,
    /// Messages of sessions that the master does not know.
    pub messages_foreign: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Bytes of their frames, received.
    pub bytes_received: u64,
    /// Bytes of their frames, sent.
    pub bytes_sent: u64,
    /// Workers that registered; one that registers anew with other pools counts once.
    pub workers_registered: u64,
    /// Workers that said goodbye, or began a new session.
    pub workers_left: u64,
    /// Workers that went without a goodbye: the process or the connection ended, or they were silent.
    pub workers_died: u64,
    /// Heartbeat intervals at whose end a peer had been silent for two of them or more.
    pub heartbeats_missed: u64,
    /// How long after their time the master acted on deadlines of jobs, and on its own heartbeats.
    pub lateness: Histogram,
    /// How long the master has been running.
    pub uptime: Duration,
    /// Whether it takes jobs: false once it is closing.
    pub accepting: bool,
    /// Clients with a session.
    pub clients: usize,
    /// Registered workers.
    pub workers: WorkerCounts,
    /// Jobs that were accepted and have not ended, wherever they are.
    pub in_flight: usize,
    /// Those of them that wait for a worker.
    pub waiting: usize,
    /// Bytes of payloads and headers of the jobs that wait.
    pub waiting_bytes: usize,
    /// How long ago the oldest job that waits was accepted.
    pub oldest_waiting: Option<Duration>,
    /// Every pool, by name.
    pub pools: Vec<PoolStats>,
}

/// What is counted and held in one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Its name.
    pub name: String,
    /// Whether it was declared, or a worker has offered it. Other pools are forgotten, with their counts, when nobody
    /// asks for them any longer.
    pub known: bool,
    /// The workers that offer it; one that offers several pools counts in each.
    pub workers: WorkerCounts,
    /// Jobs that wait for a worker.
    pub waiting: usize,
    /// How long ago the oldest of them was accepted.
    pub oldest_waiting: Option<Duration>,
    /// Jobs that workers have not answered.
    pub running: usize,
    /// How many jobs a worker is given at once.
    pub credit: u32,
    /// How its jobs ended.
    pub ends: Ends,
    /// How long they took.
    pub times: Times,
}

/// How the jobs of a pool ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ends {
    /// With a reply.
    pub done: u64,
    /// With an error of the handler.
    pub failed: u64,
    /// With their deadline.
    pub timed_out: u64,
    /// Their caller left.
    pub cancelled: u64,
    /// With a worker or with the master.
    pub lost: u64,
    /// Nobody offered the pool.
    pub rejected: u64,
}

/// How long the jobs of a pool took, of those that were not cancelled or rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// From acceptance to the last dispatch, or to the end of a job that never was dispatched.
    pub wait: Histogram,
    /// How long handlers ran; done and failed jobs only.
    pub run: Histogram,
    /// From acceptance to the end, less the run: the waiting, and the ways to the worker and back. Done and failed jobs
    /// only.
    pub overhead: Histogram,
    /// From acceptance to the end.
    pub total: Histogram,
}

/// Workers by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerCounts {
    /// With nothing to do.
    pub ready: usize,
    /// Running a job.
    pub busy: usize,
    /// Running what nobody waits for, or taken out because they ran too long too often.
    pub overdue: usize,
    /// Leaving, or told to take no jobs.
    pub quiet: usize,
}

impl WorkerCounts {
    /// All of them.
    pub fn all(&self) -> usize {
        self.ready + self.busy + self.overdue + self.quiet
    }

    /// How many are in this state.
    pub fn of(&self, state: WorkerState) -> usize {
        match state {
            WorkerState::Ready => self.ready,
            WorkerState::Busy => self.busy,
            WorkerState::Overdue => self.overdue,
            WorkerState::Quiet => self.quiet,
        }
    }

    pub(crate) fn add(&mut self, state: WorkerState) {
        match state {
            WorkerState::Ready => self.ready += 1,
            WorkerState::Busy => self.busy += 1,
            WorkerState::Overdue => self.overdue += 1,
            WorkerState::Quiet => self.quiet += 1,
        }
    }
}

/// Refused jobs by reason, in the words of [`Rejection`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    counts: [u64; Rejection::CODES.len()],
}

impl Rejections {
    /// Every reason, by its code on the wire, and how many jobs were refused for it.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Rejection::CODES.into_iter().zip(self.counts)
    }

    /// Sets what is known of each reason, by its code.
    pub(super) fn fill(&mut self, known: impl Fn(&str) -> Option<u64>) {
        for (code, count) in Rejection::CODES.into_iter().zip(&mut self.counts) {
            *count = known(code).unwrap_or(0);
        }
    }

    pub(super) fn count(&mut self, rejection: &Rejection) {
        let code = rejection.code();
        let place = Rejection::CODES.iter().position(|known| *known == code);
        self.counts[place.expect("every rejection has one of these codes")] += 1;
    }
}
