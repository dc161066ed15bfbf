//! A loop that turns where it is needed: on its own thread, or on the thread of a caller that would only wait for it.
//!
//! A lone caller that blocks turns the loop itself. It sends its own job and reads its own reply, which saves two wake-ups: the
//! loop's by the caller, and the caller's by the loop. Meanwhile the loop's own thread sleeps on, and is told not to look at
//! the network. The thread that turns the loop holds the lock. Any other thread leaves a command and wakes it.

use super::hand_in::HandIn;
use super::look_again::LookAgain;
use super::slot::Slot;
use super::spin::Spin;
use super::turning::{Fate, Turn, Turning};
use crate::wires::clock;
use powerhose_wires::{Gate, Look, Wakeup};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// A shorter sleep would be over before it begins: the system wakes sleepers some 50 µs late.
const LOOK_AWAY_MIN: Duration = Duration::from_micros(50);

/// While fewer jobs than so many a core are in flight, whoever submits one hands it in: each goes out in a message of its own
/// in any case. More than that gather for the loop's own thread, and share messages.
const FEW_A_CORE: usize = 4;

/// A loop, and who may turn it.
pub(crate) struct Turns<L> {
    state: Mutex<State<L>>,
    wakeup: Arc<Wakeup>,
    /// Over the loop's descriptor: what the loop's own thread sleeps on.
    gate: Gate,
    /// How many threads can run at once.
    cores: usize,
}

struct State<L> {
    /// None when the loop's own thread has taken it to end it.
    turning: Option<L>,
    /// Why it is not turned any more.
    fate: Option<Fate>,
    /// Until when the loop's own thread sleeps.
    sleeps_until: Option<Instant>,
    /// Of callers that turn it.
    spin: Spin,
    /// Of its own thread.
    look_again: LookAgain,
    hand_in: HandIn,
}

/// Whether a caller turned the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Led {
    Yes,
    No,
}

/// Lets callers turn a loop.
pub(crate) trait Lead: Send + Sync {
    /// Turns the loop until the job has ended or it is `until`, unless somebody else is turning it.
    fn lead(&self, slot: &Slot, until: Option<Instant>) -> Led;

    /// Lets the loop take in what was left for it, unless somebody else is turning it. Its own thread sleeps on if nothing
    /// else is to do. Calls nobody back: its caller may hold a lock that they need.
    fn hand_in(&self) -> Led;
}

impl<L: Turning> Turns<L> {
    /// Callers who turn it look for their replies for at most `spin` before they sleep.
    pub(crate) fn new(turning: L, wakeup: Arc<Wakeup>, spin: Duration) -> io::Result<Turns<L>> {
        let gate = Gate::over(turning.descriptor())?;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let state = State {
            turning: Some(turning),
            fate: None,
            sleeps_until: None,
            spin: Spin::new(spin),
            look_again: LookAgain::new(),
            hand_in: HandIn::new(cores),
        };
        Ok(Turns { state: Mutex::new(state), wakeup, gate, cores })
    }

    /// What the loop's own thread does, until the loop ends.
    pub(crate) fn run(&self) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match self.turn_until_idle(&mut state) {
                Ok(until) => {
                    state.sleeps_until = until;
                    drop(state);
                    self.gate.sleep(until.map(|until| until.saturating_duration_since(clock::now())));
                }
                Err(fate) => {
                    let turning = state.turning.take();
                    drop(state);
                    if let Some(turning) = turning {
                        turning.end(fate);
                    }
                    return;
                }
            }
        }
    }

    /// Then nothing is left to do until the time that it gives.
    fn turn_until_idle(&self, state: &mut State<L>) -> Result<Option<Instant>, Fate> {
        self.wakeup.awake();
        self.wakeup.drain();
        if let Some(turning) = &mut state.turning {
            turning.slept_elsewhere();
        }
        loop {
            let turned = turn(state, L::turn)?;
            let Some(turning) = &state.turning else { return Err(Fate::Closed) };
            if turned == Turn::Worked {
                state.look_again.has_work();
                // Nobody needs to wake it meanwhile: it looks again by itself.
                let away_for = turning.looks_away_for();
                if away_for >= LOOK_AWAY_MIN {
                    thread::sleep(away_for);
                }
                continue;
            }
            if state.look_again.looks_again(turning.come()) {
                continue;
            }
            self.wakeup.announce_sleep();
            if !turning.has_work() {
                return Ok(turning.next_time());
            }
            self.wakeup.awake();
        }
    }

    fn lead_until(&self, state: &mut State<L>, slot: &Slot, until: Option<Instant>) -> Result<(), Fate> {
        self.wakeup.awake();
        let turned = turn(state, L::begin)?;
        let begun = clock::now();
        let led = self.turn_until_ended(state, slot, until, turned);
        state.spin.waited(clock::now().saturating_duration_since(begun));
        led
    }

    /// Turns until the job has ended: at first without sleeping.
    fn turn_until_ended(
        &self,
        state: &mut State<L>,
        slot: &Slot,
        until: Option<Instant>,
        mut turned: Turn,
    ) -> Result<(), Fate> {
        let mut spin_until = state.spin.until(clock::now());
        loop {
            if slot.has_ended() {
                return Ok(());
            }
            if turned == Turn::Idle {
                let now = clock::now();
                if until.is_some_and(|until| until <= now) {
                    return Ok(());
                }
                let Some(turning) = &mut state.turning else { return Err(Fate::Closed) };
                // Where every core has a job, whoever looks takes one away from a worker.
                if turning.in_flight() >= self.cores {
                    spin_until = None;
                }
                if spin_until.is_some_and(|until| until > now) {
                    state.spin.give_way(now);
                } else {
                    turning.sleep(until);
                }
            }
            turned = turn(state, L::turn)?;
        }
    }

    /// Hands over to the loop's own thread, which wakes only if there is something to do.
    fn hand_over(&self, state: &State<L>) {
        self.wakeup.announce_sleep();
        let Some(turning) = &state.turning else { return };
        let earlier = match (turning.next_time(), state.sleeps_until) {
            (Some(next), Some(until)) => next < until,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if earlier || turning.has_work() || state.fate.is_some() {
            self.wakeup.wake();
        }
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, State<L>>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl<L: Turning> Lead for Turns<L> {
    fn lead(&self, slot: &Slot, until: Option<Instant>) -> Led {
        let Some(mut state) = self.try_lock() else { return Led::No };
        if state.fate.is_some() || state.turning.is_none() {
            return Led::No;
        }
        self.gate.look(Look::No);
        if let Err(fate) = self.lead_until(&mut state, slot, until) {
            state.fate = Some(fate);
        }
        self.gate.look(Look::Yes);
        self.hand_over(&state);
        Led::Yes
    }

    fn hand_in(&self) -> Led {
        let Some(mut state) = self.try_lock() else { return Led::No };
        let Some(turning) = &state.turning else { return Led::No };
        let has_many = turning.in_flight() >= self.cores * FEW_A_CORE;
        if state.fate.is_some() || has_many || !state.hand_in.may(clock::now()) {
            return Led::No;
        }
        self.wakeup.awake();
        if let Err(fate) = turn(&mut state, L::take_in) {
            state.fate = Some(fate);
        }
        self.hand_over(&state);
        state.hand_in.done(clock::now());
        Led::Yes
    }
}

/// One turn, or the begin of one. A loop that breaks is never turned again.
fn turn<L: Turning>(state: &mut State<L>, step: impl FnOnce(&mut L) -> Turn) -> Result<Turn, Fate> {
    if let Some(fate) = state.fate {
        return Err(fate);
    }
    let Some(turning) = &mut state.turning else { return Err(Fate::Closed) };
    match catch_unwind(AssertUnwindSafe(|| step(turning))) {
        Ok(Turn::Ended) => Err(Fate::Closed),
        Ok(turned) => Ok(turned),
        Err(_) => Err(Fate::Broken),
    }
}
