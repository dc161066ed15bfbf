//! ZeroMQ's wire protocol (ZMTP 3.1, mechanism NULL) over unix sockets and TCP.
//!
//! A [`Router`] listens, a [`Dealer`] connects and connects again; each talks with the other, and with libzmq's sockets of
//! these kinds at `ipc://` and `tcp://` endpoints. Unlike those they have no thread of their own: the caller's thread
//! reads and writes the socket. That saves two switches of threads for every message on either side, which costs more than
//! all the rest of a short job. The end of a connection is seen in its place, after the last message that came over it.
//!
//! Nothing here blocks except `sleep`, looking up a name to listen at, and, for a bounded time, what is left to be sent
//! when a socket is dropped. A name to connect to is looked up by a thread, which ends with the answer.

// The one place that says so: master, client and worker all stand on this crate.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
compile_error!("Powerhose needs Linux: its loops sleep on epoll, timerfd and eventfd");

mod address;
mod poll;
mod zmtp;

pub use address::Address;
pub use poll::Told;
pub use zmtp::{Dealer, Failure, Gone, NotConnected, Received, Route, Router, Violation};

/// What a socket accepts of its peers. A peer that sends more is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a frame.
    pub frame_bytes_max: u64,
    /// Frames of a message behind its first that are kept. What comes beyond them is read and dropped, so that whoever
    /// looks at the message sees that they are too many.
    pub frames_max: usize,
    /// Bytes of all frames of a message, those that are dropped too; each counts 32 more.
    pub message_bytes_max: u64,
    /// Pieces of messages that may wait for a peer that does not read. A peer with so many counts as gone.
    pub unsent_max: usize,
}
