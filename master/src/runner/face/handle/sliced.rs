//! Blocking in slices: for a thread that has to look after something else from time to time, as an interpreter's main thread
//! has to after its signals.

use super::Loop;
use crate::runner::engine::link::Link;
use crate::runner::engine::slot::JobResult;
use crate::runner::face::job::Job;
use crate::runner::face::job_runner::JobRunner;
use std::ops::ControlFlow;
use std::time::Duration;

impl JobRunner {
    /// Runs a job and blocks as [`execute`](JobRunner::execute) does, but asks each time that `slice` is over whether to go on.
    /// After a break the job is cancelled, unless it has ended. Costs no more than `execute` if the job ends within the first
    /// slice; with [`Duration::MAX`] nobody is asked.
    ///
    /// # Errors
    /// See [`JobError`](crate::JobError).
    pub fn execute_while(
        &self,
        job: impl Into<Job>,
        slice: Duration,
        mut go_on: impl FnMut() -> ControlFlow<()>,
    ) -> JobResult {
        let mut handle = self.hand_over(job.into(), Link::leave);
        let mut the_loop = Loop::Sleeps;
        loop {
            if let Some(result) = handle.wait_slice(slice, the_loop) {
                return result;
            }
            if go_on().is_break() {
                handle.cancel();
                return handle.wait();
            }
            the_loop = Loop::Knows;
        }
    }
}
