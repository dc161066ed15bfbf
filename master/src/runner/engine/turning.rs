//! A loop that can be turned, whatever it does.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There was something to do, and there may be more.
    Worked,
    /// There was nothing to do.
    Idle,
    /// It was the last one.
    Ended,
}

impl Turn {
    /// There was something to do in one or the other.
    pub(super) fn or(self, other: Turn) -> Turn {
        if self == Turn::Worked { self } else { other }
    }
}

/// How a loop came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Closed,
    Broken,
}

/// A loop that can be turned.
pub(crate) trait Turning: Send + 'static {
    /// Takes in what callers left and acts upon it, without a look at the network, which costs a system call.
    fn begin(&mut self) -> Turn;

    /// The same, but calls nobody back: neither callers whose jobs have ended nor subscribers. They are told at the next turn,
    /// and until then there is [work](Turning::has_work).
    fn take_in(&mut self) -> Turn;

    /// Takes in what is there and acts upon it. Never sleeps.
    fn turn(&mut self) -> Turn;

    /// Commands and messages that it has taken in so far.
    fn come(&self) -> u64;

    /// Jobs whose callers wait for their ends.
    fn in_flight(&self) -> usize;

    /// How long nobody would gain by another turn.
    fn looks_away_for(&self) -> Duration;

    /// Sleeps until there is something to do, or it is `until`.
    fn sleep(&mut self, until: Option<Instant>);

    /// When there will be something to do, whatever else happens.
    fn next_time(&self) -> Option<Instant>;

    /// Whether there is something to do that [`descriptor`](Turning::descriptor) does not tell.
    fn has_work(&self) -> bool;

    /// Readable when there is something to do.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Somebody slept on the descriptor.
    fn slept_elsewhere(&mut self);

    /// What is left to do when it has turned for the last time.
    fn end(self, fate: Fate);
}
