//! The handle of a submitted job, and what cancels a job that has none.

mod canceller;
mod sliced;

pub use canceller::Canceller;

use super::error::{JobError, JobErrorKind};
use crate::runner::engine::link::Link;
use crate::runner::engine::slot::{Ended, JobResult, Slot, Waited};
use crate::runner::engine::turns::Led;
use crate::wires::clock;
use powerhose_protocol::JobId;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tracing::error;

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

/// What the loop knows of a job that is waited for.
#[derive(Clone, Copy)]
enum Loop {
    Knows,
    /// The job was only [left](Link::leave) for it.
    Sleeps,
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
            self.link.hand_in(&self.slot);
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
        self.wait_slice(timeout, Loop::Knows)
    }

    fn wait_slice(&mut self, timeout: Duration, the_loop: Loop) -> Option<JobResult> {
        let now = clock::now();
        let until = now.checked_add(timeout);
        let patience = self.deadline.checked_add(PATIENCE);
        let earlier = [until, patience].into_iter().flatten().min();
        let blocked = self.link.block();
        match (self.link.lead(&blocked, &self.slot, earlier), the_loop) {
            (Led::No, Loop::Sleeps) => self.link.hand_in(&self.slot),
            (Led::No, Loop::Knows) | (Led::Yes, _) => {}
        }
        match self.slot.wait_until(earlier, clock::now) {
            Waited::Result(result) => Some(result),
            Waited::NotYet if patience.is_some_and(|patience| patience <= clock::now()) => {
                Some(self.give_up())
            }
            Waited::NotYet => None,
            Waited::Taken => panic!("{TAKEN}"),
        }
    }

    /// Calls back with the job's result, instead of waiting for it. The handle is given away: the job is cancelled only by the
    /// [`Canceller`] that comes back.
    ///
    /// The callback runs once, on the thread that ends the job: the one that turns the runner's loop (its own, or that of a
    /// caller who blocks), the one that cancels, or this one, before `on_end` returns, if the job has ended already. The
    /// loop stands still meanwhile, for everybody: a callback takes a few microseconds and never blocks. It leaves its
    /// result where somebody picks it up, or [submits](super::JobRunner::submit) the next job; `execute` and `wait` in it
    /// would wait for a loop that waits for them. A panic in it is caught and logged.
    ///
    /// Until the callback has run, the job keeps its runner running as a handle does. It is always called: at the deadline at
    /// the latest, or when the master or the client ends.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let runner = powerhose::JobRunner::connect("ipc:///run/powerhose/powerhose.ipc")?;
    /// let (ended, results) = std::sync::mpsc::channel();
    /// for number in 0..1000_u32 {
    ///     let ended = ended.clone();
    ///     // Whoever reads `results` may be gone: then nobody needs this one.
    ///     runner.submit(number.to_string()).on_end(move |result| drop(ended.send((number, result))));
    /// }
    /// for (number, result) in results.iter().take(1000) {
    ///     println!("{number}: {result:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// The result was taken before.
    pub fn on_end(self, callback: impl FnOnce(JobResult) + Send + 'static) -> Canceller {
        let canceller = Canceller::new(&self);
        let link = self.link.clone();
        let guarded = move |result| {
            if catch_unwind(AssertUnwindSafe(|| callback(result))).is_err() {
                error!("a callback of a job panicked");
            }
            // Until here the job has kept its runner running.
            drop(link);
        };
        self.slot.call(Box::new(guarded)).expect(TAKEN);
        canceller
    }

    /// Takes the job back. Its result is `cancelled`, unless it has ended before.
    ///
    /// The worker is told if it has begun; a handler that looks ([`is_cancelled`] in the worker's crate) can stop.
    ///
    /// [`is_cancelled`]: https://docs.rs/powerhose-worker
    pub fn cancel(&self) {
        canceller::cancel(&self.slot, &self.link, self.call);
    }

    /// What takes the job back from elsewhere, while this handle waits for it.
    pub fn canceller(&self) -> Canceller {
        Canceller::new(self)
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
        if self.slot.is_for_its_handle() {
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
