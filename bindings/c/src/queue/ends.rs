//! The ends of a queue's jobs, between the threads that end jobs and those that take ends.

use powerhose::{Canceller, JobError, Reply};
use rustix::event::{EventfdFlags, eventfd};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What the queue and the callbacks of its jobs share.
pub(super) struct Ends {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    /// Never taken yet.
    ended: VecDeque<Ended>,
    under_way: BTreeMap<u64, UnderWay>,
    last_ticket: u64,
    /// Readable while `ended` has something. Nobody is told before somebody asked for it.
    descriptor: Option<OwnedFd>,
    /// Threads in [`Ends::next`].
    waiting: usize,
}

enum UnderWay {
    /// Just being handed over.
    Beginning,
    /// Was cancelled meanwhile.
    Unwanted,
    Going(Canceller),
}

pub(super) struct Ended {
    pub(super) ticket: u64,
    pub(super) context: Context,
    pub(super) result: Result<Reply, JobError>,
}

/// C's own: it is given back as it came.
pub(super) struct Context(pub(super) *mut c_void);

// SAFETY: nothing here looks at what it points to.
unsafe impl Send for Context {}

impl Ends {
    pub(super) fn new() -> Ends {
        Ends { state: Mutex::default(), came: Condvar::new() }
    }

    /// The number of a job that is about to be handed over.
    pub(super) fn ticket(&self) -> u64 {
        let mut state = self.lock();
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        state.under_way.insert(ticket, UnderWay::Beginning);
        ticket
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, ended: Ended) {
        let mut state = self.lock();
        state.under_way.remove(&ended.ticket);
        state.ended.push_back(ended);
        if state.ended.len() == 1 {
            state.tell();
        }
        let anybody_waits = state.waiting > 0;
        drop(state);
        if anybody_waits {
            self.came.notify_one();
        }
    }

    pub(super) fn begun(&self, ticket: u64, canceller: Canceller) {
        let mut state = self.lock();
        match state.under_way.get_mut(&ticket) {
            Some(under_way @ UnderWay::Beginning) => *under_way = UnderWay::Going(canceller),
            // It calls back from here, and takes the lock.
            Some(UnderWay::Unwanted | UnderWay::Going(_)) => {
                drop(state);
                canceller.cancel();
            }
            None => {}
        }
    }

    pub(super) fn cancel(&self, ticket: u64) {
        let mut state = self.lock();
        let canceller = match state.under_way.get_mut(&ticket) {
            Some(UnderWay::Going(canceller)) => canceller.clone(),
            Some(under_way) => return *under_way = UnderWay::Unwanted,
            None => return,
        };
        drop(state);
        canceller.cancel();
    }

    pub(super) fn cancel_all(&self) {
        let under_way: Vec<u64> = self.lock().under_way.keys().copied().collect();
        under_way.into_iter().for_each(|ticket| self.cancel(ticket));
    }

    /// Made at the first call.
    pub(super) fn descriptor(&self) -> io::Result<c_int> {
        let mut state = self.lock();
        if let Some(descriptor) = &state.descriptor {
            return Ok(descriptor.as_raw_fd());
        }
        let made = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let number = made.as_raw_fd();
        state.descriptor = Some(made);
        if !state.ended.is_empty() {
            state.tell();
        }
        Ok(number)
    }

    /// The next end, if one comes until then.
    pub(super) fn next(&self, until: Option<Instant>) -> Next {
        let mut state = self.lock();
        loop {
            if let Some(ended) = state.take() {
                // It was the last: who still waits waits for nothing.
                if state.waiting > 0 && state.under_way.is_empty() && state.ended.is_empty() {
                    self.came.notify_all();
                }
                return Next::Ended(ended);
            }
            if state.under_way.is_empty() {
                return Next::Nothing;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Next::NotYet;
            }
            state.waiting += 1;
            state = match left {
                Some(left) => self.came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.came.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting -= 1;
        }
    }
}

pub(super) enum Next {
    Ended(Ended),
    NotYet,
    /// No job is under way.
    Nothing,
}

impl State {
    fn take(&mut self) -> Option<Ended> {
        let ended = self.ended.pop_front()?;
        if self.ended.is_empty()
            && let Some(descriptor) = &self.descriptor
        {
            // It never blocks: whatever it says, it is not readable afterwards.
            let _ = rustix::io::read(descriptor, &mut [0; 8]);
        }
        Some(ended)
    }

    fn tell(&self) {
        if let Some(descriptor) = &self.descriptor {
            // It was not readable before, so there is room for a one.
            let _ = rustix::io::write(descriptor, &1_u64.to_ne_bytes());
        }
    }
}
