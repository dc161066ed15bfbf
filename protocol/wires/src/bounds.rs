//! What a socket accepts of its peers.

use powerhose_protocol::limits::{ENTRIES_MAX, HEADER_FRAME_BYTES_MAX};

/// The largest payload that a master could be configured for; it tells its own bound in WELCOME.
const FRAME_BYTES_MAX: u64 = 4 << 30;
/// All the jobs or replies of 64 pools with the highest credit, and as many heartbeats again. The bound that counts is the
/// credit; this one must only never be reached by a peer that reads.
const UNSENT_MAX: usize = 131_072;
/// A message may be so many times as large as a frame.
const FRAMES_IN_MESSAGE: u64 = 4;

/// What a socket accepts of its peers. Who sends more is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a frame.
    pub frame_bytes_max: u64,
    /// Frames of a message behind its first that are kept. What comes beyond them is read and dropped, so that whoever
    /// looks at the message sees that they are too many.
    pub frames_max: usize,
    /// Bytes of all frames of a message, those that are dropped too; each counts 32 more.
    pub message_bytes_max: u64,
    /// Pieces of messages that may wait for a peer that does not read. Who has so many counts as gone.
    pub unsent_max: usize,
}

impl Bounds {
    /// Of a master with payloads of at most so many bytes.
    pub fn of_master(payload_bytes_max: usize) -> Bounds {
        let frame_bytes_max = payload_bytes_max.max(HEADER_FRAME_BYTES_MAX) as u64;
        Bounds {
            message_bytes_max: frame_bytes_max.saturating_mul(FRAMES_IN_MESSAGE),
            ..Bounds::of(frame_bytes_max)
        }
    }

    /// Of a peer, which trusts its master: as much as any master could be configured for.
    pub fn of_peer() -> Bounds {
        Bounds::of(FRAME_BYTES_MAX)
    }

    fn of(frame_bytes_max: u64) -> Bounds {
        Bounds {
            frame_bytes_max,
            // One too many shows that the count is wrong.
            frames_max: ENTRIES_MAX + 1,
            message_bytes_max: frame_bytes_max,
            unsent_max: UNSENT_MAX,
        }
    }
}
