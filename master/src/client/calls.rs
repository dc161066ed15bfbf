//! The calls that have not ended: in a queue here, or at the master.

use crate::common::Submission;
use crate::timers::TimerKey;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// A call that has not ended.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) timer: TimerKey,
    deadline: Instant,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Here, in the queue.
    Unsent(Box<Submission>),
    /// At the master.
    Sent(Sent),
}

impl Call {
    pub(super) fn was_sent(&self) -> bool {
        matches!(self.place, Place::Sent(_))
    }
}

/// What stays here of a job that was sent: enough to read its outcome.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) pool: Cow<'static, str>,
    pub(super) bytes: usize,
}

/// A call on its way to the master.
pub(super) struct Leaving {
    pub(super) call: u64,
    pub(super) deadline: Instant,
    pub(super) submission: Box<Submission>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: BTreeMap<u64, Call>,
    /// Calls to send, in the order in which they came. One that has ended meanwhile is passed over.
    queue: VecDeque<u64>,
    unsent: usize,
    unsent_bytes: usize,
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// How many wait here.
    pub(super) fn unsent(&self) -> usize {
        self.unsent
    }

    /// Bytes of their payloads.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.unsent_bytes
    }

    pub(super) fn is_sent(&self, call: u64) -> bool {
        self.calls.get(&call).is_some_and(Call::was_sent)
    }

    pub(super) fn add(&mut self, call: u64, submission: Submission, deadline: Instant, timer: TimerKey) {
        self.forget_ended();
        self.queue.push_back(call);
        self.unsent += 1;
        self.unsent_bytes += submission.payload.len();
        self.calls.insert(call, Call { timer, deadline, place: Place::Unsent(Box::new(submission)) });
    }

    /// The queue holds at most as many numbers of ended calls as of waiting ones.
    fn forget_ended(&mut self) {
        if self.queue.len() > 16 && self.queue.len() > 2 * self.unsent {
            self.queue.retain(|call| self.calls.get(call).is_some_and(|call| !call.was_sent()));
        }
    }

    pub(super) fn remove(&mut self, call: u64) -> Option<Call> {
        let call = self.calls.remove(&call)?;
        if let Place::Unsent(submission) = &call.place {
            self.unsent -= 1;
            self.unsent_bytes -= submission.payload.len();
        }
        Some(call)
    }

    /// Takes out a call that is at the master; one that is not stays.
    pub(super) fn take_sent(&mut self, call: u64) -> Option<(Sent, TimerKey)> {
        let Call { place: Place::Sent(_), .. } = self.calls.get(&call)? else { return None };
        match self.calls.remove(&call)? {
            Call { place: Place::Sent(sent), timer, .. } => Some((sent, timer)),
            Call { place: Place::Unsent(_), .. } => unreachable!("looked at just above"),
        }
    }

    /// The payload of the first call that waits.
    pub(super) fn first_unsent(&mut self) -> Option<&Submission> {
        while let Some(call) = self.queue.front() {
            if self.calls.get(call).is_some_and(|call| !call.was_sent()) {
                break;
            }
            self.queue.pop_front();
        }
        match &self.calls.get(self.queue.front()?)?.place {
            Place::Unsent(submission) => Some(submission),
            Place::Sent(_) => unreachable!("passed over just above"),
        }
    }

    /// Sends the first call that waits.
    pub(super) fn send_first(&mut self) -> Option<Leaving> {
        let submission = self.first_unsent()?;
        let sent = Sent { pool: submission.pool.clone(), bytes: submission.payload.len() };
        let number = self.queue.pop_front()?;
        let call = self.calls.get_mut(&number)?;
        self.unsent -= 1;
        self.unsent_bytes -= sent.bytes;
        match std::mem::replace(&mut call.place, Place::Sent(sent)) {
            Place::Unsent(submission) => Some(Leaving { call: number, deadline: call.deadline, submission }),
            Place::Sent(_) => unreachable!("only calls that wait are first"),
        }
    }

    /// Another timer for a call; the one before.
    pub(super) fn replace_timer(&mut self, call: u64, timer: TimerKey) -> Option<TimerKey> {
        self.calls.get_mut(&call).map(|call| std::mem::replace(&mut call.timer, timer))
    }

    /// The number of the first call that waits; [`first_unsent`](Calls::first_unsent) has just found it.
    pub(super) fn first_number(&self) -> Option<u64> {
        self.queue.front().copied()
    }

    /// The calls at the master.
    pub(super) fn all_sent(&self) -> Vec<u64> {
        self.calls.iter().filter(|(_, call)| call.was_sent()).map(|(call, _)| *call).collect()
    }

    /// Every call.
    pub(super) fn all(&self) -> Vec<u64> {
        self.calls.keys().copied().collect()
    }
}
