//! What a run is checked for, and the first thing that was found wrong.

use std::fmt;

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident => $words:literal,)*) => {
        /// A promise that every run is watched for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the words of each say what it means")]
        pub enum Check { $($(#[$doc])* $name,)* }

        impl fmt::Display for Check {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Check::$name => $words,)* })
            }
        }
    };
}

checks! {
    EndsOnce => "a call ends once",
    OwnReply => "an outcome is the caller's own",
    Justified => "an end has its reason",
    InTime => "an end comes in time",
    MayHaveRun => "whether a job may have run is told truly",
    AttemptsMax => "no more deaths are charged than attempts_max",
    ChargedRight => "the job that ran is charged",
    Fenced => "each dispatch has its own attempt",
    Once => "a once job is dispatched once",
    Alone => "what goes alone has no company",
    Quieted => "no jobs after QUIETED",
    NoDeadJobs => "nothing is dispatched after its deadline, a cancel, or the end of its client",
    Cancelled => "what nobody waits for is cancelled at its worker",
    Overdue => "an overdue worker gets no jobs",
    Occupied => "a worker that gave back what stood behind a long run gets no jobs before it has answered that",
    Suspects => "a suspect gets no jobs",
    Registered => "jobs go to workers of their pool",
    Credit => "a worker has no more jobs than its credit",
    Spread => "no second job while another worker has none",
    Idle => "no job waits while a worker is free",
    Recalled => "what waits behind a busy worker is recalled within a tick",
    Fair => "clients take turns, each in its own order",
    Bounds => "what waits is bounded",
    Batches => "a message is no larger than a batch",
    ForeignSession => "nothing of a foreign session is run",
    NewSession => "sessions are never used again",
    Proved => "nobody comes in without proof",
    GoneForAReason => "nobody is given up without a reason",
    Silence => "who is silent for too long is given up",
    Refused => "no honest peer is turned away for good",
    Answered => "orders and questions are answered",
    WakesUp => "the loop is woken for what is due",
    Invariants => "the dispatcher's own invariants",
    Panic => "nothing panics",
    Livelock => "time goes on",
    ComesToRest => "all comes to rest when the faults stop",
}

/// Something that went wrong.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What does not hold.
    pub check: Check,
    /// What was seen.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.text)
    }
}

/// The first violation of a run: what comes after it may only follow from it.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) first: Option<Violation>,
}

impl Verdict {
    pub(crate) fn violated(&mut self, check: Check, text: impl FnOnce() -> String) {
        if self.first.is_none() {
            self.first = Some(Violation { check, text: text() });
        }
    }

    pub(crate) fn must(&mut self, check: Check, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.violated(check, text);
        }
    }
}
