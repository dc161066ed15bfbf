//! Why a message could not be read. The text never repeats bytes of the message: it may hold secrets.

use crate::Kind;

/// Why a message was refused. Nothing of a refused message takes effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The header frame is longer than [`HEADER_FRAME_BYTES_MAX`](crate::limits::HEADER_FRAME_BYTES_MAX).
    #[error("the header frame has {bytes} bytes, {max} are allowed")]
    HeaderTooLarge {
        /// Bytes it has.
        bytes: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// The first frame is empty, as a REQ socket sends it.
    #[error(
        "the first frame is empty: connect with a DEALER socket, not REQ, and send no delimiter frame (where a library does \
         so by itself, as rzmq's AUTO_DELIMITER, switch it off); of empty messages, only the probe of ZMQ_PROBE_ROUTER \
         is ignored, as the first of a connection"
    )]
    EmptyHeader,
    /// Not a MessagePack array of the fields that the kind has.
    #[error("the header is not what the protocol says: {what}")]
    Malformed {
        /// What was found, by type and place.
        what: String,
    },
    /// More bytes behind the header's array.
    #[error("the header frame has bytes behind its array")]
    TrailingBytes,
    /// No kind has this number.
    #[error("no message has the kind {number}")]
    UnknownKind {
        /// The number.
        number: u64,
    },
    /// Not one payload frame for every entry.
    #[error("{kind} with {expected} entries came with {found} payload frames")]
    FrameCount {
        /// The kind of the message.
        kind: Kind,
        /// Frames that its entries ask for.
        expected: usize,
        /// Frames that came.
        found: usize,
    },
    /// A field is beyond one of the bounds in [`limits`](crate::limits).
    #[error("{kind}: {what} is over its bound of {max}")]
    OverLimit {
        /// The kind of the message.
        kind: Kind,
        /// Which field.
        what: &'static str,
        /// Its bound.
        max: u64,
    },
    /// A field has a value that its type does not have.
    #[error("{kind}: {what}")]
    BadValue {
        /// The kind of the message.
        kind: Kind,
        /// Which field, and what it should be.
        what: &'static str,
    },
}

impl DecodeError {
    /// The code that a REJECT carries for it.
    pub fn code(&self) -> &'static str {
        match self {
            DecodeError::HeaderTooLarge { .. } => "header_too_large",
            DecodeError::EmptyHeader => "empty_header",
            DecodeError::Malformed { .. } => "malformed",
            DecodeError::TrailingBytes => "trailing_bytes",
            DecodeError::UnknownKind { .. } => "unknown_kind",
            DecodeError::FrameCount { .. } => "frame_count",
            DecodeError::OverLimit { .. } => "over_limit",
            DecodeError::BadValue { .. } => "bad_value",
        }
    }

    /// The number of the kind it was about, where it could be read.
    pub fn kind_number(&self) -> u64 {
        match self {
            DecodeError::UnknownKind { number } => *number,
            DecodeError::FrameCount { kind, .. }
            | DecodeError::OverLimit { kind, .. }
            | DecodeError::BadValue { kind, .. } => *kind as u64,
            DecodeError::HeaderTooLarge { .. }
            | DecodeError::EmptyHeader
            | DecodeError::Malformed { .. }
            | DecodeError::TrailingBytes => 0,
        }
    }
}
