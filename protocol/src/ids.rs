//! The id of a job: who asked, and which of its calls it is.

use crate::fields::read_as_itself;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use std::fmt;

const CALL_BITS: u32 = 40;
/// The highest number of a call within a session.
pub const CALL_MAX: u64 = (1 << CALL_BITS) - 1;
/// The highest number of a peer. The callers in the master's own process are peer 0.
pub const PEER_MAX: u64 = (1 << (64 - CALL_BITS)) - 1;

/// A job's id, the same in the caller's errors and in the logs of master and worker: `peer.call`.
///
/// On the wire it is one integer, `peer << 40 | call`. A client knows its own peer number from WELCOME and counts its
/// calls from 1, so it knows the id of a job before the master has seen it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    /// The id of `call` (1 to [`CALL_MAX`]) of `peer` (0 to [`PEER_MAX`]). Higher bits are cut off.
    pub fn new(peer: u64, call: u64) -> JobId {
        JobId((peer & PEER_MAX) << CALL_BITS | (call & CALL_MAX))
    }

    /// The id as it stands on the wire.
    pub fn from_wire(number: u64) -> JobId {
        JobId(number)
    }

    /// The integer for the wire.
    pub fn to_wire(self) -> u64 {
        self.0
    }

    /// The number of the peer that asked; 0 for a caller in the master's own process.
    pub fn peer(self) -> u64 {
        self.0 >> CALL_BITS
    }

    /// Which of the peer's calls it is.
    pub fn call(self) -> u64 {
        self.0 & CALL_MAX
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.peer(), self.call())
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_who_asked_and_which_call_it_was() {
        let id = JobId::new(3, 17);
        assert_eq!((id.peer(), id.call(), id.to_string()), (3, 17, "3.17".to_owned()));
        assert_eq!(JobId::from_wire(id.to_wire()), id);
        let last = JobId::new(PEER_MAX, CALL_MAX);
        assert_eq!((last.to_wire(), last.peer(), last.call()), (u64::MAX, PEER_MAX, CALL_MAX));
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.to_wire())
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JobId, D::Error> {
        u64::deserialize(deserializer).map(JobId::from_wire)
    }
}

read_as_itself! { [] JobId, }
