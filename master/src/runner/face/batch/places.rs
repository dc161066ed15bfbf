//! The jobs of a batch in their order: those under way, and the results that wait for their turn.

use super::JobResult;
use super::window::Window;
use crate::runner::face::handle::Canceller;
use crate::runner::face::job_runner::JobRunner;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug)]
pub(super) struct Places {
    state: Mutex<State>,
    /// A result, room, or the end.
    changed: Condvar,
    jobs_max: usize,
}

#[derive(Debug)]
struct State {
    /// From the job that is next in turn.
    places: VecDeque<Place>,
    /// The number of that job.
    first: u64,
    /// How many of them are under way.
    under_way: usize,
    input: Input,
    window: Window,
    /// What the window said last.
    window_size: usize,
    waker: Option<Waker>,
}

#[derive(Debug)]
enum Place {
    /// Its job is just being handed over.
    Beginning,
    UnderWay(Canceller),
    Ended(JobResult),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Open,
    /// No further job comes.
    Over,
    /// Nobody wants further results.
    Cancelled,
}

/// What there is for whoever takes results.
pub(super) enum Taken {
    Result(JobResult),
    /// None yet, and there is room for a job.
    Room,
    /// There was the last result.
    End,
}

impl Places {
    pub(super) fn new(jobs_max: usize) -> Places {
        Places {
            state: Mutex::new(State {
                places: VecDeque::new(),
                first: 0,
                under_way: 0,
                input: Input::Open,
                window: Window::new(),
                window_size: 0,
                waker: None,
            }),
            changed: Condvar::new(),
            jobs_max: jobs_max.max(1),
        }
    }

    /// Whether there is room for a job.
    pub(super) fn room(&self, runner: &JobRunner) -> bool {
        self.has_room(&mut self.lock(), runner)
    }

    /// A place for the next job, whether there is room or not.
    pub(super) fn add(&self) -> u64 {
        self.lock().add()
    }

    /// A place for the next job, as soon as there is room.
    pub(super) fn wait_for_room(&self, runner: &JobRunner) -> u64 {
        let mut state = self.lock();
        loop {
            if self.has_room(&mut state, runner) {
                return state.add();
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn has_room(&self, state: &mut State, runner: &JobRunner) -> bool {
        state.window_size = state.window.size(runner);
        state.places.len() < self.jobs_max && state.under_way < state.window_size
    }

    /// The job was handed over.
    pub(super) fn begun(&self, number: u64, canceller: Canceller) {
        let mut state = self.lock();
        if state.input == Input::Cancelled {
            drop(state);
            return canceller.cancel();
        }
        if let Some(place @ Place::Beginning) = state.at(number) {
            *place = Place::UnderWay(canceller);
        }
    }

    /// The job has ended.
    pub(super) fn ended(&self, number: u64, result: JobResult) {
        let mut state = self.lock();
        state.under_way -= 1;
        if let Ok(reply) = &result {
            state.window.ran(reply.run_time());
        }
        if let Some(place) = state.at(number) {
            *place = Place::Ended(result);
        }
        // Room is told of when half of it is there: to wake somebody costs more than a short job.
        if number != state.first && state.under_way * 2 > state.window_size {
            return;
        }
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn end(&self) {
        let mut state = self.lock();
        if state.input == Input::Open {
            state.input = Input::Over;
        }
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn cancel_all(&self) {
        let mut state = self.lock();
        state.input = Input::Cancelled;
        let places: Vec<Place> = state.places.drain(..).collect();
        drop(state);
        for place in places {
            match place {
                // It calls back from here.
                Place::UnderWay(canceller) => canceller.cancel(),
                Place::Beginning | Place::Ended(_) => {}
            }
        }
    }

    pub(super) fn has_next(&self) -> bool {
        matches!(self.lock().places.front(), Some(Place::Ended(_)))
    }

    /// The next result, as soon as it is there.
    pub(super) fn wait_for_next(&self) -> Option<JobResult> {
        let mut state = self.lock();
        loop {
            match self.take(&mut state) {
                Some(Taken::Result(result)) => return Some(result),
                Some(Taken::End) => return None,
                Some(Taken::Room) | None => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// The next result, room for a job or the end, as soon as there is one of them.
    pub(super) fn wait(&self, runner: &JobRunner) -> Taken {
        let mut state = self.lock();
        loop {
            if let Some(taken) = self.take_or_room(&mut state, runner) {
                return taken;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same for a task.
    pub(super) fn poll(&self, runner: &JobRunner, context: &mut Context<'_>) -> Poll<Taken> {
        let mut state = self.lock();
        match self.take_or_room(&mut state, runner) {
            Some(taken) => Poll::Ready(taken),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn take_or_room(&self, state: &mut State, runner: &JobRunner) -> Option<Taken> {
        self.take(state)
            .or_else(|| (state.input == Input::Open && self.has_room(state, runner)).then_some(Taken::Room))
    }

    fn take(&self, state: &mut State) -> Option<Taken> {
        match state.places.front() {
            Some(Place::Ended(_)) => {}
            Some(Place::Beginning | Place::UnderWay(_)) => return None,
            None if state.input == Input::Open => return None,
            None => return Some(Taken::End),
        }
        state.first += 1;
        // A full batch has room again.
        if state.places.len() >= self.jobs_max {
            self.changed.notify_all();
        }
        match state.places.pop_front()? {
            Place::Ended(result) => Some(Taken::Result(result)),
            Place::Beginning | Place::UnderWay(_) => unreachable!("looked at just above"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The number of the job whose place it is.
    fn add(&mut self) -> u64 {
        self.places.push_back(Place::Beginning);
        self.under_way += 1;
        self.first + self.places.len() as u64 - 1
    }

    /// The place of a job that is not yet taken.
    fn at(&mut self, number: u64) -> Option<&mut Place> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.places.get_mut(index)
    }
}
