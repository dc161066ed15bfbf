//! What a peer did that the protocol forbids.

/// Why a connection was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The first bytes are no greeting.
    #[error("it does not speak ZMTP")]
    NotZmtp,
    /// It speaks a version before 3.
    #[error("it speaks version {major} of ZMTP, this is version 3")]
    Version {
        /// The version.
        major: u8,
    },
    /// It wants to authenticate or encrypt, which a unix socket's permissions do here.
    #[error("it wants another mechanism than NULL: there is no encryption over ipc://")]
    Mechanism,
    /// Something else came where READY must come, or it was not well-formed.
    #[error("it did not say READY")]
    NotReady,
    /// Sockets of its kind do not go with this one.
    #[error("its socket is of a kind that does not go with this one")]
    SocketType,
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
}
