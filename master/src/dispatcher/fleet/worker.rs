//! What the master knows of one worker.

use crate::common::WorkerState;
use crate::dispatcher::clock::Moment;
use crate::dispatcher::company::Company;
use crate::dispatcher::keys::{JobKey, MemberKey, PoolKey};
use powerhose_protocol::JobId;
use std::time::Duration;

/// A worker that has registered.
pub(crate) struct Worker {
    pub(crate) pid: u32,
    pub(crate) host: Box<str>,
    pub(crate) instance: Box<str>,
    pub(crate) labels: Vec<(String, String)>,
    /// Whether it answers while a handler runs.
    pub(crate) attention: Attention,
    pub(crate) memberships: Vec<(PoolKey, MemberKey)>,
    /// What it has not answered, in the order in which it runs them.
    pub(crate) outstanding: Vec<Outstanding>,
    pub(crate) outstanding_bytes: usize,
    /// Dispatched, and not yet in a message.
    pub(crate) batch: Vec<JobKey>,
    pub(crate) service: Service,
    pub(crate) occupation: Occupation,
    /// Runs in a row that were longer than their pool's soft run time.
    pub(crate) overruns: u32,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    /// When it last answered a job, or registered.
    pub(crate) answered: Moment,
    pub(crate) runs: RunTimes,
}

/// How long the jobs took that a worker has run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RunTimes {
    pub(crate) last: Duration,
    pub(crate) longest: Duration,
    pub(crate) sum: Duration,
}

impl RunTimes {
    pub(crate) fn record(&mut self, run: Duration) {
        self.last = run;
        self.longest = self.longest.max(run);
        self.sum = self.sum.saturating_add(run);
    }
}

/// Whether a worker answers messages while a handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attention {
    /// Always: it heartbeats and reads while a handler runs.
    Always,
    /// Between jobs only: its silence during a job is no fault.
    BetweenJobs,
}

/// Whether a worker has said that the job it runs takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occupation {
    /// It has not.
    None,
    /// It gave back what stood behind that job: it gets nothing before it has answered it.
    LongRun,
}

/// Whether a worker is to be given jobs, as far as it is itself concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Yes.
    On,
    /// Too many long runs in a row: it gets one job, on trial, when its rest is over or nobody else is there.
    Resting {
        /// When the rest is over.
        until: Moment,
    },
    /// It wants to leave, or was told to.
    Quiet,
}

/// One job at a worker.
pub(crate) struct Outstanding {
    pub(crate) id: JobId,
    pub(crate) attempt: u32,
    pub(crate) dispatched: Moment,
    pub(crate) pool: PoolKey,
    pub(crate) bytes: usize,
    pub(crate) company: Company,
    pub(crate) waiter: Waiter,
}

/// Whether anybody still wants the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiter {
    /// The job's caller.
    Caller(JobKey),
    /// The same, and the worker was asked to give the job back unless it has begun.
    Recalled(JobKey),
    /// Nobody: the deadline passed or the caller left. The worker is overdue until it answers.
    Nobody,
}

impl Waiter {
    pub(crate) fn job(self) -> Option<JobKey> {
        match self {
            Waiter::Caller(job) | Waiter::Recalled(job) => Some(job),
            Waiter::Nobody => None,
        }
    }
}

impl Worker {
    pub(crate) fn state(&self) -> WorkerState {
        match self.service {
            Service::Quiet => WorkerState::Quiet,
            Service::Resting { .. } => WorkerState::Overdue,
            Service::On if self.is_overdue() => WorkerState::Overdue,
            Service::On if self.outstanding.is_empty() => WorkerState::Ready,
            Service::On => WorkerState::Busy,
        }
    }

    /// Whether it has a job that does not share its worker.
    pub(crate) fn is_reserved(&self) -> bool {
        self.outstanding.iter().any(|entry| entry.company == Company::None)
    }

    /// Whether it runs, or still has, a job that nobody waits for.
    pub(crate) fn is_overdue(&self) -> bool {
        self.outstanding.iter().any(|entry| entry.waiter == Waiter::Nobody)
    }

    /// Its membership in a pool, if it is in it.
    pub(crate) fn membership(&self, pool: PoolKey) -> Option<MemberKey> {
        self.memberships.iter().find(|(offered, _)| *offered == pool).map(|(_, member)| *member)
    }

    /// The place of an attempt among what it has not answered.
    pub(crate) fn find(&self, job: JobId, attempt: u64) -> Option<usize> {
        self.outstanding.iter().position(|entry| entry.id == job && u64::from(entry.attempt) == attempt)
    }
}
