//! Why a master could not begin to listen.

use powerhose_protocol::EndpointError;
use std::io;
use std::path::PathBuf;

/// Why a master could not begin to listen. Nothing half-begun is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The text is no endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// None was given.
    #[error("a master needs at least one endpoint to listen on")]
    NoEndpoint,
    /// Another master listens there.
    #[error("a master is already running on {endpoint}{}", process(*pid))]
    AlreadyRunning {
        /// Where.
        endpoint: String,
        /// Its process id, where it is known.
        pid: Option<u32>,
    },
    /// Something else listens there.
    #[error("{endpoint} is in use by another program")]
    AddressInUse {
        /// Where.
        endpoint: String,
    },
    /// What stands at the path is not a socket, and is not removed.
    #[error("{path} exists and is no socket: remove it, or choose another path")]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// The socket at the path belongs to another user, and is not removed.
    #[error("{path} belongs to {}: remove it as that user, if its program has ended, or choose another path", user(*owner))]
    ForeignSocket {
        /// The path.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// The lock file beside the socket, or a folder above it, belongs to another user, as a start with sudo leaves it.
    #[error(
        "cannot listen on {endpoint}: {path} belongs to {}, perhaps since a start with sudo: if a master of that user runs \
         there, end it; then remove {path} as that user, or choose another endpoint",
        user(*owner)
    )]
    ForeignLock {
        /// Where.
        endpoint: String,
        /// What belongs to the other user.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Anybody who reaches the port could send jobs and steal them.
    #[error(
        "{endpoint} can be reached from other machines, and peers are not authenticated: \
         listen on ipc:// or on loopback, set `shared_secrets` or `curve`, or allow it with `insecure_tcp()`"
    )]
    Insecure {
        /// Where.
        endpoint: String,
    },
    /// Encryption was asked for, and this libzmq was built without it.
    #[error(
        "CURVE was asked for, and libzmq was built without it: see SECURITY.md for the build that has it"
    )]
    NoCurve,
    /// A setting is out of its bounds.
    #[error("a setting is out of bounds: {problem}")]
    BadSetting {
        /// Which, and what would be right.
        problem: &'static str,
    },
    /// Directory, lock file or socket could not be made.
    #[error("cannot listen on {endpoint}: {action}: {source}")]
    Io {
        /// Where.
        endpoint: String,
        /// What failed.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

fn user(owner: u32) -> String {
    if owner == 0 { "root (uid 0)".to_owned() } else { format!("another user (uid {owner})") }
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (pid {pid})"))
}
