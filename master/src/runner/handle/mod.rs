//! The handle of a submitted job.

use super::error::{JobError, JobErrorKind};
use super::link::Link;
use super::slot::{Ended, JobResult, Slot, Waited};
use super::turns::Led;
use crate::transport::clock;
use powerhose_protocol::JobId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long after its deadline a blocked caller still waits for the master's word before it frees itself.
const PATIENCE: Duration = Duration::from_millis(10);
const TAKEN: &str = "the result of this job was taken before";

/// A submitted job. It is a `Future` of its reply, for any runtime or none, and can be waited for by blocking.
///
/// **Dropping the handle cancels the job**: nobody waits for it any longer, so it is taken out of the queue, or its
/// worker is told (which does not stop a handler that does not look). A handle that has given its result does nothing
/// when it is dropped. In an async service this is what you want: a client that hangs up drops the request's future,
/// and with it the job.
///
/// A handle keeps its runner running: a [`JobRunner`](super::JobRunner) whose last clone is dropped ends once the last
/// handle is gone too.
#[must_use = "dropping the handle cancels the job"]
pub struct JobHandle {
    pub(crate) slot: Arc<Slot>,
    pub(crate) link: Arc<Link>,
    pub(crate) call: u64,
    pub(crate) deadline: Instant,
}

impl JobHandle {
    /// The job's id, once it has one: at once in the master's own process, at a client when the job was sent.
    pub fn id(&self) -> Option<JobId> {
        self.slot.id()
    }

    /// When the caller gives up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the job has ended: [`wait`](JobHandle::wait) will not block.
    pub fn has_ended(&self) -> bool {
        self.slot.has_ended()
    }

    /// Blocks until the job has ended, at the latest shortly after its deadline.
    ///
    /// # Errors
    /// See [`JobError`].
    ///
    /// # Panics
    /// The result was taken before.
    pub fn wait(self) -> JobResult {
        let patience = self.deadline.checked_add(PATIENCE);
        // Somebody else may be turning the loop: then they bring the end.
        let blocked = self.link.block();
        let (Led::Yes | Led::No) = self.link.lead(&blocked, &self.slot, patience);
        self.wait_blocked(patience)
    }

    /// Blocks for a job that was only [left](Link::leave) for the loop.
    pub(crate) fn execute(self) -> JobResult {
        let patience = self.deadline.checked_add(PATIENCE);
        let blocked = self.link.block();
        if self.link.lead(&blocked, &self.slot, patience) == Led::No {
            self.link.wake();
        }
        self.wait_blocked(patience)
    }

    fn wait_blocked(&self, patience: Option<Instant>) -> JobResult {
        match self.slot.wait_until(patience, clock::now) {
            Waited::Result(result) => result,
            Waited::NotYet => self.give_up(),
            Waited::Taken => panic!("{TAKEN}"),
        }
    }

    /// Blocks until the job has ended, but no longer than this. `None` if it has not; the job goes on.
    ///
    /// # Panics
    /// The result was taken before.
    pub fn wait_timeout(&mut self, timeout: Duration) -> Option<JobResult> {
        let now = clock::now();
        let until = now.checked_add(timeout);
        let patience = self.deadline.checked_add(PATIENCE);
        let earlier = [until, patience].into_iter().flatten().min();
        let blocked = self.link.block();
        let (Led::Yes | Led::No) = self.link.lead(&blocked, &self.slot, earlier);
        match self.slot.wait_until(earlier, clock::now) {
            Waited::Result(result) => Some(result),
            Waited::NotYet if patience.is_some_and(|patience| patience <= clock::now()) => {
                Some(self.give_up())
            }
            Waited::NotYet => None,
            Waited::Taken => panic!("{TAKEN}"),
        }
    }

    /// Takes the job back. Its result is `cancelled`, unless it has ended before.
    ///
    /// The worker is told if it has begun; a handler that looks ([`is_cancelled`] in the worker's crate) can stop.
    ///
    /// [`is_cancelled`]: https://docs.rs/powerhose-worker
    pub fn cancel(&self) {
        let id = self.slot.id();
        let cancelled = || Err(JobError::new(JobErrorKind::Cancelled, id, true));
        if self.slot.end(cancelled) == Ended::Now {
            self.link.abandon(self.call);
        }
    }

    /// The master did not end the job in time: the caller does.
    fn give_up(&self) -> JobResult {
        let id = self.slot.id();
        let timed_out = || Err(JobError::new(JobErrorKind::TimedOut, id, true));
        if self.slot.end(timed_out) == Ended::Now {
            self.link.abandon(self.call);
        }
        match self.slot.wait_until(None, clock::now) {
            Waited::Result(result) => result,
            Waited::NotYet | Waited::Taken => {
                unreachable!("it has just ended, and only its handle takes its result")
            }
        }
    }
}

impl Future for JobHandle {
    type Output = JobResult;

    /// # Panics
    /// The result was taken before.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<JobResult> {
        self.slot.poll(context).map(|result| result.expect(TAKEN))
    }
}

impl Drop for JobHandle {
    fn drop(&mut self) {
        if !self.slot.has_ended() {
            self.cancel();
        }
    }
}

impl std::fmt::Debug for JobHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobHandle").field("job", &self.id()).field("has_ended", &self.has_ended()).finish()
    }
}

#[cfg(test)]
mod tests;
