//! A worker whose program asks for its jobs, instead of being called with them.

use crate::machine::Outcome;
use crate::runtime::{Begun, Engine, Next, Patience, done, failed};
use crate::{Job, JobFailure, Reply, StopHandle, WorkerError};
use bytes::Bytes;
use std::fmt;
use std::ops::Deref;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The code of a job that was dropped instead of finished.
const DROPPED: &str = "dropped";

/// A worker for programs that own their thread: a loop of their own, an interpreter with a lock. [`Worker::open`] makes it.
///
/// It keeps what [`Worker::run`] promises: one job after the other, each reply handed to the wire before the next job is
/// given; heartbeats go on while the program computes or does anything else, and a job that runs far beyond its deadline
/// ends the process. It registers again by itself when the master restarts.
///
/// ```no_run
/// use powerhose_worker::Worker;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let mut worker = Worker::from_env()?.pool("reverse").open()?;
///     while let Some(job) = worker.next_job()? {
///         let reversed: Vec<u8> = job.payload().iter().rev().copied().collect();
///         job.finish(reversed);
///     }
///     Ok(())
/// }
/// ```
///
/// In a loop that waits for other things too, watch [`descriptor`](PulledWorker::descriptor). When it is readable, call
/// [`try_next_job`](PulledWorker::try_next_job) until that gives none:
///
/// ```no_run
/// use powerhose_worker::{NextJob, Worker};
/// use rustix::event::{PollFd, PollFlags, poll};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let mut worker = Worker::from_env()?.pool_with_credit("reverse", 1).open()?;
///     loop {
///         match worker.try_next_job()? {
///             NextJob::Job(job) => job.finish("done"),
///             NextJob::NotYet => {
///                 let others = std::io::stdin();
///                 let mut watched =
///                     [worker.descriptor()?, std::os::fd::AsFd::as_fd(&others)].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
///                 poll(&mut watched, None)?;
///             }
///             NextJob::Ended => return Ok(()),
///         }
///     }
/// }
/// ```
///
/// While the program does other things, a job that has come waits here: a credit of 1
/// ([`pool_with_credit`](crate::Worker::pool_with_credit)) keeps it to one.
///
/// Dropping it [leaves](PulledWorker::leave) in good order, once the job that runs has been answered.
///
/// [`Worker::open`]: crate::Worker::open
/// [`Worker::run`]: crate::Worker::run
pub struct PulledWorker {
    engine: Arc<Engine>,
}

/// What came of asking for a job within a time.
#[derive(Debug)]
pub enum NextJob {
    /// A job.
    Job(PulledJob),
    /// None came in time.
    NotYet,
    /// The worker has left: there are no jobs any more.
    Ended,
}

/// A job to be answered, with [`finish`](PulledJob::finish) or [`fail`](PulledJob::fail), from any thread. It is a [`Job`]
/// in everything else. **Dropping it fails the job** with the code `dropped`.
///
/// The watchdog, when it ends the process, tells where the thread is that asked for the job.
pub struct PulledJob {
    begun: Begun,
    /// None once it is answered.
    engine: Option<Arc<Engine>>,
}

impl PulledWorker {
    pub(crate) fn new(engine: Engine) -> PulledWorker {
        PulledWorker { engine: Arc::new(engine) }
    }

    /// Blocks until a job is there. `None` when the worker has left: after SIGTERM, SIGINT, [`StopHandle::stop`], or a
    /// farewell from the master.
    ///
    /// # Errors
    /// [`Unfinished`](WorkerError::Unfinished) while the last job is not answered; the others as from
    /// [`run`](crate::Worker::run), after which there are no jobs any more.
    pub fn next_job(&mut self) -> Result<Option<PulledJob>, WorkerError> {
        match self.next(Patience::Endless)? {
            NextJob::Job(job) => Ok(Some(job)),
            NextJob::NotYet | NextJob::Ended => Ok(None),
        }
    }

    /// Blocks until a job is there, but no longer than this.
    ///
    /// # Errors
    /// As from [`next_job`](PulledWorker::next_job).
    pub fn next_job_timeout(&mut self, timeout: Duration) -> Result<NextJob, WorkerError> {
        let until = Instant::now().checked_add(timeout);
        self.next(until.map_or(Patience::Endless, Patience::Until))
    }

    /// The next job if one is there. Never blocks.
    ///
    /// # Errors
    /// As from [`next_job`](PulledWorker::next_job).
    pub fn try_next_job(&mut self) -> Result<NextJob, WorkerError> {
        self.next_job_timeout(Duration::ZERO)
    }

    /// For a loop to sleep on: readable when a job may be there or the worker has ended. It may be readable for nothing.
    /// Sleep on it only after [`try_next_job`](PulledWorker::try_next_job) gave none; never read from it.
    ///
    /// # Errors
    /// [`System`](WorkerError::System) if the process has no file descriptor left.
    pub fn descriptor(&self) -> Result<BorrowedFd<'_>, WorkerError> {
        self.engine.descriptor()
    }

    /// A handle that tells this worker to leave, from any thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.engine.stop_handle()
    }

    /// Gives back the jobs that have not begun, says goodbye, and waits up to two seconds until that is done. While a job is
    /// not answered, the worker only begins to leave; it has left when that job is.
    ///
    /// # Errors
    /// As from [`run`](crate::Worker::run): the worker had ended before, and not as it should.
    pub fn leave(self) -> Result<(), WorkerError> {
        self.engine.leave()
    }

    fn next(&mut self, patience: Patience) -> Result<NextJob, WorkerError> {
        let engine = &self.engine;
        Ok(match engine.next(engine.enter()?, Instant::now(), patience)? {
            Next::Begun(begun) => NextJob::Job(PulledJob { begun, engine: Some(engine.clone()) }),
            Next::NotYet => NextJob::NotYet,
            Next::Ended => NextJob::Ended,
        })
    }
}

impl Drop for PulledWorker {
    fn drop(&mut self) {
        // While a job is not answered, it keeps the engine, and the keeper does what can be done.
        self.stop_handle().stop();
    }
}

impl fmt::Debug for PulledWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PulledWorker").finish_non_exhaustive()
    }
}

impl PulledJob {
    /// Answers with a reply, and hands it to the wire. One that nobody waits for any longer is dropped.
    pub fn finish(mut self, reply: impl Into<Reply>) {
        self.end(|| done(reply.into()));
    }

    /// Answers with a failure, and hands it to the wire. One that nobody waits for any longer is dropped.
    pub fn fail(mut self, failure: JobFailure) {
        self.end(|| failed(failure));
    }

    fn end(&mut self, outcome: impl FnOnce() -> Outcome<Bytes>) {
        let Some(engine) = self.engine.take() else { return };
        let (io, _) = engine.finish(outcome(), self.begun.at);
        engine.go_out(io);
    }
}

impl Deref for PulledJob {
    type Target = Job;

    fn deref(&self) -> &Job {
        &self.begun.job
    }
}

impl Drop for PulledJob {
    fn drop(&mut self) {
        self.end(|| failed(JobFailure::new(DROPPED, "the worker's program dropped the job unanswered")));
    }
}

impl fmt::Debug for PulledJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.begun.job, f)
    }
}
