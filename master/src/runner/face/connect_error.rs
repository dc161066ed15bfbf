//! Why a client or an operator has no master.

use powerhose_protocol::EndpointError;
use std::io;
use std::time::Duration;

/// Why a client has no master.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The text is no endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Nobody answered in time.
    #[error("no master answered on {endpoint} within {after:?}: is one running there?")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// How long it was tried.
        after: Duration,
    },
    /// The master refused this client.
    #[error("the master on {endpoint} refused this client: {code}: {text}")]
    Refused {
        /// Where.
        endpoint: String,
        /// Why, for programs.
        code: String,
        /// Why, for people.
        text: String,
    },
    /// Encryption was asked for, and this libzmq was built without it.
    #[error(
        "CURVE was asked for, and libzmq was built without it: see SECURITY.md for the build that has it"
    )]
    NoCurve,
    /// ZeroMQ or the system refused.
    #[error("cannot connect to {endpoint}: {source}")]
    Io {
        /// Where.
        endpoint: String,
        /// Why.
        source: io::Error,
    },
}
