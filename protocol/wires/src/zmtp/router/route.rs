//! How a router names its connections.

use bytes::Bytes;
use slotmap::{Key, KeyData, new_key_type};

new_key_type! {
    /// Where a router has a connection.
    pub(super) struct Slot;
}

/// A connection, for as long as the socket lives: none has the same number later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route(pub(super) u64);

impl Route {
    /// The number. It is greater than any of 32 bits.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The route of a number that [`number`](Route::number) gave.
    pub fn from_number(number: u64) -> Route {
        Route(number)
    }

    pub(super) fn slot(self) -> Slot {
        KeyData::from_ffi(self.0).into()
    }
}

/// A message, except its payload frames.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// Where it came from.
    pub route: Route,
    /// Its first frame.
    pub header: Bytes,
    /// Its sender chose an identity (routing id).
    pub has_identity: bool,
}

/// There is no such connection, or its peer has not read for so long that too much waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer is gone")]
pub struct Gone;

/// The number of a route, and what the poller knows its connection by.
pub(super) fn token(slot: Slot) -> u64 {
    slot.data().as_ffi()
}
