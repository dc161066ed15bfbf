//! What the callers of a process share: whether to go on, what is in flight, what became of the rest.

use super::canary::Canary;
use super::lateness::{LateEnd, Lateness};
use super::verdict::{Ended, Finding};
use crate::told::{Tally, Teller, Told};
use crate::work::Act;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A job that has not ended so long after its deadline never will.
const UNACCOUNTED_AFTER: Duration = Duration::from_secs(10);
/// How often is looked whether the last job has ended.
const LOOK_AFTER: Duration = Duration::from_millis(10);
/// What a canary may still have to note.
const CANARY_PATIENCE: Duration = Duration::from_millis(500);
const TOLD_MAX: usize = 20;
/// A key: the number of the process above, the number of the job below.
const KEY_BITS: u32 = 40;

pub(crate) struct Shared {
    teller: Teller,
    canary: Canary,
    number: u64,
    state: Mutex<State>,
    going: Condvar,
}

#[derive(Default)]
struct State {
    goes: bool,
    last: u64,
    poison: VecDeque<Act>,
    in_flight: BTreeMap<u64, InFlight>,
    tally: Tally,
    lateness: Lateness,
}

struct InFlight {
    deadline: Instant,
    what: String,
}

/// What a caller is to submit.
pub(super) enum Next {
    Any,
    Poison(Act),
}

impl Shared {
    pub(crate) fn new(teller: Teller, canary: Canary, number: u64) -> Shared {
        Shared { teller, canary, number, state: Mutex::default(), going: Condvar::new() }
    }

    pub(crate) fn go(&self) {
        self.lock().goes = true;
        self.going.notify_all();
    }

    pub(crate) fn poison(&self, act: Act) {
        self.lock().poison.push_back(act);
    }

    /// Lets no further job begin, waits until all have ended, and says what became of them.
    pub(crate) fn hold(&self) -> Tally {
        self.lock().goes = false;
        while self.has_hope() {
            thread::sleep(LOOK_AFTER);
        }
        thread::sleep(CANARY_PATIENCE);
        let state = self.lock();
        let mut tally = state.tally.clone();
        tally.unaccounted = state.in_flight.len() as u64;
        tally.unaccounted_jobs = state
            .in_flight
            .values()
            .take(TOLD_MAX)
            .map(|job| format!("{}, {:?} after its deadline", job.what, job.deadline.elapsed()))
            .collect();
        tally.late_by_us = state.lateness.all_us();
        tally.beyond = state.lateness.beyond(&self.canary);
        tally.canary_us = self.canary.summary_us();
        tally
    }

    /// Whether a job has not ended and still may.
    fn has_hope(&self) -> bool {
        let now = Instant::now();
        self.lock().in_flight.values().any(|job| now < job.deadline + UNACCOUNTED_AFTER)
    }

    /// Waits until there is something to do; the job counts as submitted from now on.
    pub(super) fn next_job(&self) -> (u64, Next) {
        let mut state = self.lock();
        while !state.goes {
            state = self.going.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.last += 1;
        state.tally.submitted += 1;
        let key = self.number << KEY_BITS | state.last;
        // The deadline follows as soon as it is known.
        let what = "not yet submitted".to_owned();
        state.in_flight.insert(key, InFlight { deadline: Instant::now() + UNACCOUNTED_AFTER, what });
        (key, state.poison.pop_front().map_or(Next::Any, Next::Poison))
    }

    pub(super) fn began(&self, key: u64, deadline: Instant, what: String) {
        self.lock().in_flight.insert(key, InFlight { deadline, what });
    }

    pub(super) fn ended(&self, ended: &Ended, finding: Finding) {
        finding.wrong.into_iter().for_each(|wrong| self.teller.tell(Told::Wrong(wrong)));
        finding.lost.into_iter().for_each(|lost| self.teller.tell(Told::Lost(lost)));
        let mut state = self.lock();
        state.in_flight.remove(&ended.draft.key);
        *state.tally.ends.entry(finding.end.clone()).or_default() += 1;
        // Who drops a job does not wait for its end.
        if ended.result.is_some() && ended.ended_at > ended.deadline {
            let (deadline, ended_at) = (ended.deadline, ended.ended_at);
            let job = ended.draft.to_string();
            state.lateness.note(LateEnd { job, end: finding.end, deadline, ended_at, ended: ended.ended });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What a caller that panics leaves behind is a job that has not ended, which is then told.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
