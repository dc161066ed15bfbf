//! Where the loop puts a job's end for its caller, which waits blocked, as a future, for a call, or not at all. The first end
//! wins; a later one is dropped.

use crate::runner::face::error::JobError;
use crate::runner::face::reply::Reply;
use powerhose_protocol::JobId;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

pub(crate) type JobResult = Result<Reply, JobError>;

/// Shared by a job's handle and the loop.
pub(crate) struct Slot {
    state: Mutex<State>,
    ended: Condvar,
    /// The job's id on the wire; 0 until it is known.
    id: AtomicU64,
}

enum State {
    Open(Waiting),
    Ended(JobResult),
    Taken,
}

/// How the caller waits.
enum Waiting {
    NotYet,
    Blocked,
    Polled(Waker),
    /// Not at all: its result is handed to this.
    Called(Callback),
}

/// Takes a job's result on whichever thread ends the job. It never panics.
pub(crate) type Callback = Box<dyn FnOnce(JobResult) + Send>;

impl Slot {
    pub(crate) fn new(id: Option<JobId>) -> Slot {
        let id = AtomicU64::new(id.map_or(0, JobId::to_wire));
        Slot { state: Mutex::new(State::Open(Waiting::NotYet)), ended: Condvar::new(), id }
    }

    pub(crate) fn id(&self) -> Option<JobId> {
        match self.id.load(Ordering::Relaxed) {
            0 => None,
            id => Some(JobId::from_wire(id)),
        }
    }

    pub(crate) fn set_id(&self, id: JobId) {
        self.id.store(id.to_wire(), Ordering::Relaxed);
    }

    /// Ends the job, unless it has ended; tells whether this was the end. `result` is made only if it is wanted.
    pub(crate) fn end(&self, result: impl FnOnce() -> JobResult) -> Ended {
        let Some(waiting) = self.put(result) else { return Ended::Before };
        self.wake(waiting);
        Ended::Now
    }

    /// The same, but its caller is woken with those of other jobs.
    pub(crate) fn end_among(self: Arc<Slot>, wakes: &mut Wakes, result: impl FnOnce() -> JobResult) {
        match self.put(result) {
            None | Some(Waiting::NotYet) => {}
            Some(waiting @ (Waiting::Blocked | Waiting::Polled(_) | Waiting::Called(_))) => {
                wakes.0.push((self, waiting))
            }
        }
    }

    /// Tells how the caller waits, if this was the end.
    fn put(&self, result: impl FnOnce() -> JobResult) -> Option<Waiting> {
        let mut state = self.lock();
        let State::Open(waiting) = &mut *state else { return None };
        let waiting = std::mem::replace(waiting, Waiting::NotYet);
        *state = State::Ended(result());
        Some(waiting)
    }

    fn wake(&self, waiting: Waiting) {
        match waiting {
            Waiting::NotYet => {}
            Waiting::Blocked => self.ended.notify_all(),
            Waiting::Polled(waker) => waker.wake(),
            Waiting::Called(callback) => {
                let result = take(&mut self.lock());
                // Whoever leaves a callback takes no result.
                callback(result.expect("it has just ended, and only the callback takes its result"));
            }
        }
    }

    /// Leaves a callback for the job's result; calls it at once if the job has ended. `None` if the result was taken.
    pub(crate) fn call(&self, callback: Callback) -> Option<()> {
        let mut state = self.lock();
        if let State::Open(waiting) = &mut *state {
            *waiting = Waiting::Called(callback);
            return Some(());
        }
        let result = take(&mut state)?;
        drop(state);
        callback(result);
        Some(())
    }

    /// Whether the job goes on for nobody but whoever holds its handle.
    pub(crate) fn is_for_its_handle(&self) -> bool {
        match &*self.lock() {
            State::Open(Waiting::NotYet | Waiting::Blocked | Waiting::Polled(_)) => true,
            State::Open(Waiting::Called(_)) | State::Ended(_) | State::Taken => false,
        }
    }

    /// Blocks until the job has ended, or until `until`.
    pub(crate) fn wait_until(&self, until: Option<Instant>, now: impl Fn() -> Instant) -> Waited {
        let mut state = self.lock();
        loop {
            match &mut *state {
                State::Open(waiting) => *waiting = Waiting::Blocked,
                State::Ended(_) | State::Taken => {
                    return take(&mut state).map_or(Waited::Taken, Waited::Result);
                }
            }
            state = match until {
                None => self.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(now());
                    if left.is_zero() {
                        return Waited::NotYet;
                    }
                    self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<JobResult>> {
        let mut state = self.lock();
        match &mut *state {
            State::Open(Waiting::Polled(waker)) if waker.will_wake(context.waker()) => Poll::Pending,
            State::Open(waiting) => {
                *waiting = Waiting::Polled(context.waker().clone());
                Poll::Pending
            }
            State::Ended(_) | State::Taken => Poll::Ready(take(&mut state)),
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        !matches!(*self.lock(), State::Open(_))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; a poisoned state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Callers whose jobs have ended and who are yet to be woken. A caller that is woken may take the processor from whoever
/// woke it: what others wait for is done before.
#[derive(Default)]
pub(crate) struct Wakes(Vec<(Arc<Slot>, Waiting)>);

impl Wakes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Wakes them all, or calls back.
    pub(crate) fn fire(&mut self) {
        self.0.drain(..).for_each(|(slot, waiting)| slot.wake(waiting));
    }
}

/// Nobody sleeps on because the loop broke between a job's end and the wake-up.
impl Drop for Wakes {
    fn drop(&mut self) {
        self.fire();
    }
}

/// What came of waiting.
pub(crate) enum Waited {
    Result(JobResult),
    NotYet,
    /// The result was taken before.
    Taken,
}

/// Whether a call of [`Slot::end`] was the job's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Now,
    Before,
}

/// The result, once; afterwards nothing.
fn take(state: &mut State) -> Option<JobResult> {
    match std::mem::replace(state, State::Taken) {
        State::Ended(result) => Some(result),
        State::Open(_) | State::Taken => None,
    }
}

#[cfg(test)]
mod tests;
