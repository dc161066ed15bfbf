//! Many jobs whose replies come in the order of the jobs, as many of them at once as the workers need.
//!
//! [`ExecuteMany`] takes the jobs from an iterator and is one itself; [`Batch`] is for a thread that hands jobs over and another that
//! takes their replies. Both blocking and async.

mod places;
mod window;

use super::job::Job;
use super::job_runner::JobRunner;
use crate::runner::engine::slot::JobResult;
use places::{Places, Taken};
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Jobs of one batch that may be under way, or have ended and wait for their turn, unless asked otherwise.
pub const BATCH_JOBS_MAX: usize = 4096;

impl JobRunner {
    /// Runs many jobs, a few at once for each worker, and gives their results in the order of the jobs. Takes anything that
    /// [`execute`](JobRunner::execute) takes, from any iterator.
    ///
    /// A batch may take as long as it takes: the time of a job that has no [timeout](Job::timeout) of its own counts from when a
    /// worker is given it.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let runner = powerhose::JobRunner::connect("ipc:///run/powerhose/powerhose.ipc")?;
    /// for result in runner.execute_many((1..=600).map(|number| number.to_string())) {
    ///     println!("{}", String::from_utf8_lossy(&result?));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// On a thread of an async runtime, [`next_result`](ExecuteMany::next_result) takes the place of the iterator's `next`.
    pub fn execute_many<I>(&self, jobs: I) -> ExecuteMany<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Into<Job>,
    {
        ExecuteMany::new(self.clone(), jobs.into_iter())
    }

    /// The same for jobs that one thread hands over while another takes their results. At most `jobs_max` are under way, or have
    /// ended and wait for their turn.
    pub fn batch(&self, jobs_max: usize) -> Batch {
        Batch::new(self.clone(), jobs_max)
    }
}

/// Many jobs, handed over by one thread while another takes their replies. Made by [`JobRunner::batch`].
///
/// Dropping it cancels the jobs whose replies nobody has taken.
pub struct Batch {
    runner: JobRunner,
    places: Arc<Places>,
}

impl Batch {
    fn new(runner: JobRunner, jobs_max: usize) -> Batch {
        Batch { runner, places: Arc::new(Places::new(jobs_max)) }
    }

    /// Hands a job over. Blocks while as many are under way as the workers need.
    ///
    /// If the job has no [timeout](Job::timeout) of its own, its time counts from when a worker is given it.
    pub fn submit(&self, job: impl Into<Job>) {
        let number = self.places.wait_for_room(&self.runner);
        self.hand_over(job.into(), number);
    }

    /// No further job comes.
    pub fn end(&self) {
        self.places.end();
    }

    /// The result of the next job, in the order in which they were handed over. Blocks until it is there; none after the last.
    pub fn next_result(&self) -> Option<JobResult> {
        self.places.wait_for_next()
    }

    /// Whether [`next_result`](Batch::next_result) would not block now.
    pub fn has_next(&self) -> bool {
        self.places.has_next()
    }

    fn hand_over(&self, job: Job, number: u64) {
        let places = self.places.clone();
        let canceller = self.runner.submit(job.in_batch()).on_end(move |result| places.ended(number, result));
        self.places.begun(number, canceller);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.places.cancel_all();
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("places", &self.places).finish_non_exhaustive()
    }
}

/// The results of many jobs, in the order of the jobs: an iterator, or a stream ([`next_result`](ExecuteMany::next_result)). Made by
/// [`JobRunner::execute_many`].
///
/// It takes a job from its source when there is room for one: a few jobs are under way for each worker. Dropping it cancels
/// them.
pub struct ExecuteMany<I> {
    batch: Batch,
    /// None once it has given its last job.
    jobs: Option<I>,
}

impl<I> ExecuteMany<I>
where
    I: Iterator,
    I::Item: Into<Job>,
{
    fn new(runner: JobRunner, jobs: I) -> ExecuteMany<I> {
        ExecuteMany { batch: Batch::new(runner, BATCH_JOBS_MAX), jobs: Some(jobs) }
    }

    /// At most so many jobs are under way, or have ended and wait for their turn: at least 1. Default: [`BATCH_JOBS_MAX`].
    pub fn jobs_max(mut self, jobs: usize) -> ExecuteMany<I> {
        self.batch.places = Arc::new(Places::new(jobs));
        self
    }

    /// The result of the next job; none after the last. It is what the iterator's `next` is on a thread of an async runtime.
    pub async fn next_result(&mut self) -> Option<JobResult> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The same, for streams of your own.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<JobResult>> {
        loop {
            self.fill();
            match self.batch.places.poll(&self.batch.runner, context) {
                Poll::Ready(Taken::Result(result)) => return Poll::Ready(Some(result)),
                Poll::Ready(Taken::Room) => {}
                Poll::Ready(Taken::End) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Hands over as many jobs as there is room for.
    fn fill(&mut self) {
        while let Some(jobs) = &mut self.jobs
            && self.batch.places.room(&self.batch.runner)
        {
            match jobs.next() {
                Some(job) => self.batch.hand_over(job.into(), self.batch.places.add()),
                None => {
                    self.jobs = None;
                    self.batch.end();
                }
            }
        }
    }
}

impl<I> Iterator for ExecuteMany<I>
where
    I: Iterator,
    I::Item: Into<Job>,
{
    type Item = JobResult;

    fn next(&mut self) -> Option<JobResult> {
        loop {
            self.fill();
            match self.batch.places.wait(&self.batch.runner) {
                Taken::Result(result) => return Some(result),
                Taken::Room => {}
                Taken::End => return None,
            }
        }
    }
}

impl<I> fmt::Debug for ExecuteMany<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecuteMany").field("batch", &self.batch).finish_non_exhaustive()
    }
}
