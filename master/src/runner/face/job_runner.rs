//! The runner of jobs: what a web developer holds, wherever the master is.

use super::error::JobError;
use super::handle::JobHandle;
use super::job::Job;
use super::reply::Reply;
use crate::common::{Clock, Notice, Stats, Submission, WAIT_MAX, WorkerInfo};
use crate::runner::engine::link::{Command, Link, Question};
use crate::runner::engine::slot::Slot;
use crate::wires::clock;
#[cfg(feature = "master")]
use crate::wires::paths::Outlook;
use crate::wires::patience::Patience;
use crossbeam_channel::Receiver;
use powerhose_protocol::{Endpoint, JobId};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a master may take to say what it knows.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The least time for an answer, however short the question's own time is.
const ANSWER_WITHIN_MIN: Duration = Duration::from_millis(100);
/// How often the number of workers is asked for while it is waited for them, if nothing happens to any.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Runs jobs on worker processes. Cheap to clone; any number of threads may use it at once.
///
/// The master is in this process ([`bind`](JobRunner::bind)) or in another ([`connect`](JobRunner::connect)); the calls
/// are the same.
///
/// When the last clone and the last [`JobHandle`] are dropped, the runner ends at once: an embedded master tells its
/// workers and goes. To let running jobs finish first, call [`close`](JobRunner::close). Behind axum: when
/// `axum::serve(..).with_graceful_shutdown(..)` has returned, no request is in flight; then close.
#[derive(Clone)]
pub struct JobRunner {
    link: Arc<Link>,
    place: Place,
    endpoints: Arc<[Endpoint]>,
    #[cfg(feature = "master")]
    pub(super) outlook: Outlook,
}

/// Where the master is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    #[cfg(feature = "master")]
    Embedded,
    #[cfg(feature = "client")]
    Remote,
}

impl Place {
    /// The id of a job, where it is known from the beginning.
    fn id_of(self, call: u64) -> Option<JobId> {
        match self {
            #[cfg(feature = "master")]
            Place::Embedded => Some(JobId::new(0, call)),
            #[cfg(feature = "client")]
            Place::Remote => None,
        }
    }
}

/// [`JobRunner::close`] could not let every job finish: some were lost, timed out, or were left by their remote clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{jobs} jobs ended without a reply while the master drained")]
pub struct JobsLost {
    /// How many.
    pub jobs: u64,
}

/// Too few workers came in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{registered} of {wanted} workers registered within {} ms", within.as_millis())]
pub struct WorkersMissing {
    /// How many were wanted.
    pub wanted: usize,
    /// How many are there.
    pub registered: usize,
    /// How long it was waited.
    pub within: Duration,
}

/// The master did not answer a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the master is gone, or does not answer")]
pub struct MasterGone;

impl JobRunner {
    pub(crate) fn new(link: Link, place: Place, endpoints: Vec<Endpoint>) -> JobRunner {
        JobRunner {
            link: Arc::new(link),
            place,
            endpoints: endpoints.into(),
            #[cfg(feature = "master")]
            outlook: Outlook::default(),
        }
    }

    /// Runs a job and blocks until its reply is there. Takes a payload, or a [`Job`] with more than that.
    ///
    /// Do not call it on a thread of an async runtime; use [`submit`](JobRunner::submit) there.
    ///
    /// # Errors
    /// See [`JobError`].
    pub fn execute(&self, job: impl Into<Job>) -> Result<Vec<u8>, JobError> {
        self.execute_reply(job).map(Reply::into_vec)
    }

    /// The same for those who want to know more than the bytes: the reply with its headers, and how it came to be.
    ///
    /// # Errors
    /// See [`JobError`].
    pub fn execute_reply(&self, job: impl Into<Job>) -> Result<Reply, JobError> {
        self.hand_over(job.into(), Link::leave).execute()
    }

    /// Hands a job over and returns at once. The handle is a future of the reply. Never fails itself: a job that is
    /// refused ends as rejected.
    pub fn submit(&self, job: impl Into<Job>) -> JobHandle {
        self.hand_over(job.into(), Link::submit)
    }

    pub(super) fn hand_over(
        &self,
        job: Job,
        submit: impl Fn(&Link, u64, Submission, Instant, &Arc<Slot>),
    ) -> JobHandle {
        let mut submission = job.into_submission();
        let call = self.link.next_call();
        let timeout = submission.timeout.unwrap_or(self.link.default_timeout());
        let now = clock::now();
        let within = match submission.clock {
            Clock::FromSubmission => timeout,
            Clock::FromDispatch => {
                submission.timeout = Some(timeout);
                WAIT_MAX
            }
        };
        let deadline = now.checked_add(within).unwrap_or(now);
        let slot = Arc::new(Slot::new(self.place.id_of(call)));
        submit(&self.link, call, submission, deadline, &slot);
        JobHandle { slot, link: self.link.clone(), call, deadline }
    }

    /// The workers that are registered now, by id.
    ///
    /// # Errors
    /// The master is gone, or did not answer within 5 s.
    pub fn workers(&self) -> Result<Vec<WorkerInfo>, MasterGone> {
        Patience::new(ANSWER_WITHIN).receive(&self.ask_workers()?).map_err(|_| MasterGone)
    }

    pub(super) fn ask_workers(&self) -> Result<Receiver<Vec<WorkerInfo>>, MasterGone> {
        let (answer, workers) = crossbeam_channel::bounded(1);
        self.link.ask(Command::Ask(Question::Workers(answer))).map_err(|_| MasterGone)?;
        Ok(workers)
    }

    /// What the master has counted, also where it is in another process; durations are then told in milliseconds, those of
    /// histograms in microseconds.
    ///
    /// # Errors
    /// The master is gone, or did not answer within 5 s, or its answer could not be read (and the log says so).
    pub fn stats(&self) -> Result<Stats, MasterGone> {
        let (answer, stats) = crossbeam_channel::bounded(1);
        self.link.ask(Command::Ask(Question::Stats(answer))).map_err(|_| MasterGone)?;
        Patience::new(ANSWER_WITHIN).receive(&stats).map_err(|_| MasterGone)
    }

    /// Blocks until at least `wanted` workers are registered.
    ///
    /// # Errors
    /// Fewer were when `within` was over.
    pub fn wait_for_workers(&self, wanted: usize, within: Duration) -> Result<(), WorkersMissing> {
        let mut patience = Patience::new(within);
        let changes = self.link.changes();
        let mut registered = 0;
        loop {
            let seen = changes.count();
            let left = patience.left();
            let Ok(answer) = self.ask_workers() else {
                return Err(WorkersMissing { wanted, registered: 0, within });
            };
            // The last question, too, gets the time to be answered.
            let answered = Patience::new(left.clamp(ANSWER_WITHIN_MIN, ANSWER_WITHIN)).receive(&answer);
            registered = answered.map_or(registered, |workers| workers.len());
            if registered >= wanted {
                return Ok(());
            }
            if left.is_zero() {
                return Err(WorkersMissing { wanted, registered, within });
            }
            // A client's master tells nothing, and one that is gone neither: ask again in any case.
            changes.wait_for_another(seen, left.min(ASK_AGAIN_AFTER));
        }
    }

    /// Is told from now on what happens to workers and clients of a master in this process, on the master's own thread:
    /// it must be quick and must not block. A client's master tells it nothing.
    pub fn on_notice(&self, mut subscriber: impl FnMut(&Notice) + Send + 'static) {
        let subscribe = Command::Subscribe(Box::new(move |notice| {
            subscriber(notice);
            ControlFlow::Continue(())
        }));
        // A master that is gone has nothing to tell.
        let _ = self.link.ask(subscribe);
    }

    /// Where the master listens; a port that the system chose is filled in.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Takes no further jobs (they end as rejected), lets those it has finish for up to `drain_timeout`, ends the rest
    /// as lost, tells the workers, and returns when the master's thread has ended.
    ///
    /// # Errors
    /// Some jobs were lost, timed out or were left by their remote clients meanwhile.
    pub fn close(&self, drain_timeout: Duration) -> Result<(), JobsLost> {
        self.close_since(drain_timeout, clock::now())
    }

    /// As [`close`](JobRunner::close), but counts the jobs from a moment on that lies a little back, ten seconds at most: what
    /// told this process to end may have reached workers before.
    ///
    /// # Errors
    /// Some jobs have been lost, timed out or were left by their remote clients since then.
    pub fn close_since(&self, drain_timeout: Duration, since: Instant) -> Result<(), JobsLost> {
        match self.link.close(drain_timeout, since) {
            0 => Ok(()),
            jobs => Err(JobsLost { jobs }),
        }
    }

    /// The way to the loop.
    pub(crate) fn link(&self) -> Arc<Link> {
        self.link.clone()
    }
}

impl std::fmt::Debug for JobRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobRunner").field("place", &self.place).field("endpoints", &self.endpoints).finish()
    }
}
