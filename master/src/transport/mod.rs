//! The seam to the network: connections by [`Route`], messages as a header frame and payload frames.
//!
//! `router` and `dealer` stand for two wires each: `ipc://` goes through [`powerhose_wires`], TCP through `libzmq`, the only
//! place that knows that library. `clock` is the only one that asks what time it is. `memory` is a third transport, without
//! sockets, for tests of the loop.

mod access;
mod bind_error;
pub(crate) mod clock;
pub(crate) mod dealer;
pub(crate) mod libzmq;
mod limits;
mod lock;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod router;
pub(crate) mod sleeper;
pub(crate) mod wakeup;

pub use access::IpcAccess;
pub use bind_error::BindError;
pub use libzmq::{Capabilities, capabilities};
pub(crate) use limits::{connections_max, raise_open_files_limit};

use crate::desk::Route;
use bytes::Bytes;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// The peer cannot be reached: its connection is gone, or it has not read for so long that its buffers are full.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreachable;

/// What a master's loop needs of a network.
pub(crate) trait Transport {
    /// A header frame as it came in.
    type Header: AsRef<[u8]>;

    /// The next message, if one is there. Its payload frames are put into `payloads`, which is empty before.
    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<(Route, Self::Header)>;

    /// Hands a message over; never waits.
    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Unreachable>;

    /// Ends a connection, if it is still there.
    fn cut(&mut self, route: Route);

    /// Connections that have ended since the last call; all that came over them has been received.
    fn ended(&mut self, routes: &mut Vec<Route>);

    /// Connections that may have ended since the last call, perhaps before all that came over them was received; a busy loop
    /// may be told a few turns later.
    fn hints(&mut self, routes: &mut Vec<Route>);

    /// Sleeps until a message, an end or a hint is there, somebody uses the wake-up, or it is `until`.
    fn sleep(&mut self, until: Option<Instant>);

    /// Whether a message or an end is there that the descriptor does not tell, because it came while something was sent.
    fn has_message(&self) -> bool;

    /// Readable when a message, an end or a hint has come since the last look, or somebody used the wake-up.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Somebody else slept on the descriptor: anything may have happened.
    fn slept_elsewhere(&mut self);
}
