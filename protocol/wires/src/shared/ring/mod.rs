//! One direction of shared memory: bytes, written by one process and read by another.
//!
//! * Positions count words (of eight bytes) and never go back. `tail` is where the writer will go on, `head` where the reader will.
//! * A record is a word that says what it is and how long, then its bytes. It may go over the end of the ring.
//! * Written is what one store of `tail` has published: who dies while it writes has written nothing.
//! * A reader that will sleep says so, looks once more, then sleeps. Who has published looks whether it is to wake it. The same
//!   holds for a writer that waits for room. Between saying and looking stands a fence on both sides, so that one of the two sees
//!   the other.
//! * Each side keeps its own position to itself. What it reads of the other's is checked before it is used, and bytes are copied
//!   out before anybody looks at them. Whatever the other side does, nothing but what this side reads is wrong.

mod consumer;
mod producer;

pub(crate) use consumer::Consumer;
pub(crate) use producer::Producer;

use super::atomic::{AtomicU64, Ordering, fence};

/// Bytes of a word.
pub(super) const WORD: usize = 8;

/// What a record is, in the upper half of its first word.
pub(super) const BYTES: u32 = 1;
/// Nothing: the next record stands at the begin of the ring, and is published with it.
pub(super) const SKIP: u32 = 2;

/// Memory that two sides have in common.
pub(crate) trait Memory {
    fn words(&self) -> &[AtomicU64];
}

/// Where a ring is in its memory: the numbers of words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The writer's position.
    pub(crate) tail: usize,
    /// The reader's.
    pub(crate) head: usize,
    /// Not zero: the reader sleeps, and is to be woken when something is there.
    pub(crate) sleeps: usize,
    /// Not zero: the writer waits for room.
    pub(crate) waits: usize,
    /// The first word of the ring itself.
    pub(crate) begin: usize,
    /// How many it has: a power of two.
    pub(crate) words: usize,
}

/// The other side wrote what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Torn {
    /// The reader's position is behind where it was, or beyond what was written.
    #[error("its reading position is none")]
    Head,
    /// The writer's position is behind where it was, or more is written than the ring holds.
    #[error("its writing position is none")]
    Tail,
    /// A record is none, or goes beyond what was written.
    #[error("a record is none")]
    Record,
}

/// Whether the other side is to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Wake {
    Needed,
    NotNeeded,
}

impl Place {
    fn size(&self) -> u64 {
        self.words as u64
    }

    /// The words of the ring from this position on, up to its end.
    fn from<'a>(&self, words: &'a [AtomicU64], position: u64) -> &'a [AtomicU64] {
        let offset = self.offset(position) as usize;
        &words[self.begin + offset..self.begin + self.words]
    }

    fn offset(&self, position: u64) -> u64 {
        position & (self.size() - 1)
    }
}

/// Takes the flag of the other side, if it is up: after what it waits for was published.
fn take_flag(flag: &AtomicU64) -> Wake {
    fence(Ordering::SeqCst);
    let is_up = flag.load(Ordering::Relaxed) != 0 && flag.swap(0, Ordering::AcqRel) != 0;
    if is_up { Wake::Needed } else { Wake::NotNeeded }
}

/// Puts the own flag up, before a last look.
fn put_flag(flag: &AtomicU64) {
    flag.store(1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
}
