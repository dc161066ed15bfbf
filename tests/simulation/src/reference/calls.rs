//! The callers' side: every call there ever was, and how it ended.

use super::Reference;
use crate::coverage::Counted;
use crate::process::ProcessId;
use crate::verdict::Check;
use crate::work::{Deed, LIE, Work, code_of, reply_to};
use bytes::Bytes;
use powerhose::desk::{Ending, LostCause, Outcome, Rejection, Repeat};
use powerhose::{Headers, WorkerExit};
use std::time::{Duration, Instant};

/// A client waits so much longer for the master's word before it ends a call itself, and timers are this coarse.
const CLIENT_PATIENCE: Duration = Duration::from_millis(11);
/// A timeout may be told so much too early: a worker found the time over, and clocks count whole milliseconds.
const EARLY_MAX: Duration = Duration::from_millis(13);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// In the master's own process.
    Embedded,
    Client(ProcessId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallState {
    Waiting,
    Ended,
    Abandoned,
    /// Its caller's process is gone.
    Gone,
}

/// What a caller hands over.
#[derive(Clone, Debug)]
pub(crate) struct CallFacts {
    pub(crate) caller: Caller,
    pub(crate) payload: Bytes,
    pub(crate) headers: Headers,
    pub(crate) repeat: Repeat,
    pub(crate) deadline: Instant,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) state: CallState,
    facts: CallFacts,
    /// A handler has begun it.
    ran: bool,
    /// How many attempts of it a handler has begun.
    runs: u32,
    /// A peer had it that does as it likes: the reply can be anything.
    tainted: bool,
}

impl Reference {
    /// The number of the next call.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.len() as u64 + 1
    }

    pub(crate) fn called(&mut self, facts: CallFacts) {
        let call = Call {
            caller: facts.caller,
            state: CallState::Waiting,
            facts,
            ran: false,
            runs: 0,
            tainted: false,
        };
        self.calls.push(call);
    }

    /// The call's number if it is one of this caller.
    pub(super) fn call_of(&self, caller: Caller, number: u64) -> Option<&Call> {
        let call = self.calls.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        (call.caller == caller).then_some(call)
    }

    fn call_mut(&mut self, number: u64) -> Option<&mut Call> {
        self.calls.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    pub(super) fn taint(&mut self, number: u64) {
        if let Some(call) = self.call_mut(number) {
            call.tainted = true;
        }
    }

    /// A caller gives up.
    pub(crate) fn call_abandoned(&mut self, number: u64) {
        if let Some(call) = self.call_mut(number)
            && call.state == CallState::Waiting
        {
            call.state = CallState::Abandoned;
            self.count(Counted::EndCancelled);
        }
    }

    /// A client's process is gone.
    pub(crate) fn client_died(&mut self, client: ProcessId) {
        for call in &mut self.calls {
            if call.caller == Caller::Client(client) && call.state == CallState::Waiting {
                call.state = CallState::Gone;
                self.coverage.count(Counted::StepCallerDied);
            }
        }
    }

    /// Calls that have not ended.
    pub(crate) fn waiting_calls(&self) -> impl Iterator<Item = (u64, &Call)> {
        let waiting = |(_, call): &(u64, &Call)| call.state == CallState::Waiting;
        (1..).zip(&self.calls).filter(waiting)
    }

    /// A handler begins a job with this payload.
    pub(crate) fn began(&mut self, payload: &[u8]) {
        let Some(work) = Work::read(payload) else { return };
        let Some(call) = self.call_mut(work.call) else { return };
        if call.facts.payload != payload {
            return;
        }
        call.ran = true;
        call.runs += 1;
        let twice = call.facts.repeat == Repeat::Never && call.runs > 1;
        self.verdict.must(Check::Once, !twice, || format!("call {} ran twice", work.call));
    }

    /// A caller learns how its call ended.
    pub(crate) fn completed(&mut self, now: Instant, caller: Caller, number: u64, outcome: &Outcome) {
        let Some(call) = self.call_of(caller, number) else {
            return self.verdict.violated(Check::EndsOnce, || format!("{caller:?} has no call {number}"));
        };
        let (state, ran, tainted, facts) = (call.state, call.ran, call.tainted, call.facts.clone());
        // What was refused and abandoned before the loop could tell is told to nobody.
        let refused = matches!(outcome.ending, Ending::Rejected(_));
        if state == CallState::Abandoned && caller != Caller::Embedded && refused {
            return;
        }
        self.verdict.must(Check::EndsOnce, state == CallState::Waiting, || {
            format!("call {number} of {caller:?} ends as {:?}, it was {state:?}", outcome.ending)
        });
        let own = tainted || is_own(&facts, outcome);
        self.verdict.must(Check::OwnReply, own, || format!("call {number}: {:?}", outcome.ending));
        self.verdict.must(Check::MayHaveRun, outcome.may_have_run || !ran, || {
            format!("call {number} ran, its end says it did not: {outcome:?}")
        });
        let early = outcome.ending == Ending::TimedOut && now + EARLY_MAX < facts.deadline;
        self.verdict.must(Check::InTime, !early, || {
            format!("call {number} timed out {:?} before its deadline", facts.deadline - now)
        });
        self.count_end(outcome, &facts);
        if let Some(call) = self.call_mut(number) {
            call.state = CallState::Ended;
        }
    }

    /// A client's loop has done all that there was to do.
    pub(crate) fn client_turn_ended(&mut self, now: Instant, client: ProcessId) {
        let late = self.waiting_calls().find(|(_, call)| {
            call.caller == Caller::Client(client) && call.facts.deadline + CLIENT_PATIENCE < now
        });
        let late = late.map(|(number, call)| (number, now - call.facts.deadline));
        self.verdict.must(Check::InTime, late.is_none(), || {
            let (number, by) = late.expect("there is one");
            format!("call {number} of a client has not ended {by:?} after its deadline")
        });
    }

    fn count_end(&mut self, outcome: &Outcome, facts: &CallFacts) {
        let counted = match &outcome.ending {
            Ending::Done { .. } => Counted::EndDone,
            Ending::Failed { code, .. } if &**code == "reply_too_large" => Counted::EndReplyTooLarge,
            Ending::Failed { .. } => Counted::EndFailed,
            Ending::TimedOut if outcome.attempts == 0 => Counted::EndTimedOutWaiting,
            Ending::TimedOut => Counted::EndTimedOutRunning,
            Ending::Lost(LostCause::Master) => Counted::EndLostMaster,
            Ending::Lost(LostCause::WorkerExit(WorkerExit::Status(_) | WorkerExit::Signal(_))) => {
                Counted::EndLostExit
            }
            Ending::Lost(_) if facts.repeat == Repeat::Never && !outcome.may_have_run => {
                Counted::EndOnceReturned
            }
            Ending::Lost(_) => Counted::EndLostWorker,
            Ending::Rejected(rejection) => rejected(rejection),
        };
        self.count(counted);
    }
}

fn rejected(rejection: &Rejection) -> Counted {
    match rejection {
        Rejection::QueueFull { .. } => Counted::EndQueueFull,
        Rejection::Overload { .. } => Counted::EndOverload,
        Rejection::QueueBytesFull { .. } => Counted::EndQueueBytes,
        Rejection::NoWorkers { .. } => Counted::EndNoWorkers,
        Rejection::PayloadTooLarge { .. } => Counted::EndTooLarge,
        Rejection::BadHeaders { .. } => Counted::EndBadHeaders,
        Rejection::BadPool { .. } => Counted::EndBadPool,
        Rejection::PoolsMax { .. } => Counted::EndPoolsMax,
        Rejection::Closed => Counted::EndClosed,
        _ => Counted::EndBadCall,
    }
}

/// Whether an outcome can be that of this call.
fn is_own(facts: &CallFacts, outcome: &Outcome) -> bool {
    let Some(work) = Work::read(&facts.payload) else { return false };
    match &outcome.ending {
        Ending::Done { payload, headers } => {
            work.deed == Deed::Reply
                && payload[..] == reply_to(&facts.payload)
                && *headers == facts.headers
                && !payload.starts_with(LIE)
        }
        Ending::Failed { code, .. } => match work.deed {
            Deed::Fail => **code == code_of(&facts.payload),
            Deed::Burst => &**code == "reply_too_large",
            Deed::Reply | Deed::Hang | Deed::Kill => false,
        },
        Ending::TimedOut | Ending::Lost(_) | Ending::Rejected(_) => true,
    }
}
