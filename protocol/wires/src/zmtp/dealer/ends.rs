//! How a connection of a dealer ends, or does not begin.

use super::promise::{Promise, Promised};
use super::{CONNECTION, Dealer};
use crate::zmtp::connection::Connection;
use crate::zmtp::over::Over;
use rustix::event::{PollFd, Timespec, poll};
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

/// How long what was sent last may take to leave when the socket is dropped.
const LINGER: Duration = Duration::from_millis(500);

/// How long a connection to which nothing can be sent may take to end by itself.
const BROKEN_FOR: Duration = Duration::from_secs(1);

/// Why the last try to connect failed, or the last connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    place: String,
    reason: String,
    kind: io::ErrorKind,
}

impl Failure {
    pub(super) fn new(place: impl fmt::Display, error: &io::Error) -> Failure {
        Failure { place: place.to_string(), reason: error.to_string(), kind: error.kind() }
    }

    /// What kind of failure it was: `NotFound` if nothing is at the path, `ConnectionRefused` if nobody listens,
    /// `TimedOut` if there was no answer, `InvalidData` if the other end does not speak this protocol, and so on.
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for Failure {}

impl Dealer {
    /// Over a connection that broke while something was sent, what came before its end is still to be read, and then the
    /// end itself; if that does not come, it is made.
    pub(super) fn look_after(&mut self) {
        if !self.ends_soon && self.link.as_ref().is_some_and(Connection::is_broken) {
            self.ends_soon = true;
            self.promise = None;
            self.timer.once(BROKEN_FOR);
        }
    }

    /// Only when all was read that came: a process that was stopped itself takes nobody for silent.
    pub(super) fn check_promise(&mut self) {
        let Some(outcome) = self.promise.as_ref().and_then(Promise::outcome) else { return };
        self.promise = None;
        self.timer.stop();
        match outcome {
            Promised::Kept => {}
            Promised::Broken => self.end(Over::Silent),
        }
    }

    pub(super) fn end(&mut self, over: Over) {
        let Some(link) = self.link.take() else { return };
        self.ended |= link.is_open();
        self.chunk.clear();
        self.read_all = false;
        self.ends_soon = false;
        self.promise = None;
        link.end(&self.poller);
        self.dialer.has_ended(&over.into(), &self.timer);
    }
}

impl Drop for Dealer {
    /// What waits is still sent, for a bounded time.
    fn drop(&mut self) {
        let until = Instant::now() + LINGER;
        let Some(mut link) = self.link.take() else { return };
        while link.has_unsent() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let mut descriptors = [PollFd::from_borrowed_fd(link.socket(), link.room_flags())];
            // A signal that interrupts it only makes another try of it.
            let _ = poll(&mut descriptors, Timespec::try_from(left).ok().as_ref());
            link.flush(&self.poller, CONNECTION);
        }
        link.say_no_more();
        link.leave(&self.poller, until);
    }
}
