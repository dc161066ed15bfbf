//! Memory that two processes on one machine share: what one writes there, the other reads, without the system in between. The
//! socket between them stays. It says who is there, wakes who sleeps, and its end is still the end of the peer.
//!
//! * `ring` is one direction: bytes in records, one writer and one reader. It believes nothing of what the other side wrote.
//! * `map` is the memory: a sealed memfd that both have mapped. The only `unsafe` of shared memory.
//! * `end` is what one process has of it: a ring to write, a ring to read, and the byte that wakes.
//! * `agreement` is how the memory gets from one process to the other.

pub(crate) mod agreement;
mod atomic;
mod end;
mod map;
mod ring;

pub(crate) use end::{End, Side};
pub(crate) use map::Map;
pub use ring::Torn;

/// Whether connections over unix sockets go through shared memory where the peer is one of ours and wants it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// They do. What refuses (the system, a limit, the peer) leaves them to the socket.
    Offered,
    /// They do not.
    Off,
}

#[cfg(test)]
mod tests;
