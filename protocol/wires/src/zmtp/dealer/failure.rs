//! Why a dealer has no connection.

use std::fmt;
use std::io;

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
