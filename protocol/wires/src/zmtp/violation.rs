//! What a peer did that the protocol forbids.

use crate::Torn;

/// Why a connection was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The first bytes are no greeting of version 2 or later.
    #[error("it does not speak ZMTP, or version 1")]
    NotZmtp,
    /// It speaks a version before 3.
    #[error("it speaks version {} of ZMTP, and versions from 3 are understood", if *major == 0 { 1 } else { 2 })]
    Version {
        /// What it says: 0 stands for version 1; 1 and 2 for 2.
        major: u8,
    },
    /// It wants to authenticate or encrypt.
    #[error("it wants the mechanism {wanted}, and here is only NULL: no encryption, no passwords")]
    Mechanism {
        /// Which, or `unknown`.
        wanted: &'static str,
    },
    /// Something else came where READY must come, or it was not well-formed.
    #[error("it did not say READY")]
    NotReady,
    /// Sockets of its kind do not go with this one.
    #[error("its socket ({kind}) does not go with a {own}")]
    SocketType {
        /// Which kind it is, or `unknown`.
        kind: &'static str,
        /// What this one is.
        own: &'static str,
    },
    /// A frame has flags that do not exist or exclude one another.
    #[error("a frame has the flags {flags:#04x}")]
    Flags {
        /// The flags.
        flags: u8,
    },
    /// A frame is over its bound.
    #[error("a frame has {bytes} bytes, it may have {max}")]
    FrameTooLong {
        /// The bytes that it announced.
        bytes: u64,
        /// [`frame_bytes_max`](crate::Bounds::frame_bytes_max)
        max: u64,
    },
    /// The frames of a message are over their bound.
    #[error("a message has more than {max} bytes")]
    MessageTooLong {
        /// [`message_bytes_max`](crate::Bounds::message_bytes_max)
        max: u64,
    },
    /// It went on over the socket where memory was agreed upon.
    #[error("it agreed on shared memory, and sends over the socket")]
    Agreement,
    /// What it wrote into shared memory cannot be.
    #[error("its part of the shared memory is torn: {0}")]
    Memory(#[from] Torn),
}
