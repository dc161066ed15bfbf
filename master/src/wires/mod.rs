//! What is the master's of its wires: who may connect (`access`), one master on a path (`paths`), how many connections a process has
//! files for (`limits`), where one listens if nobody says (`default_endpoint`), and why it could not listen (`bind_error`). `router` puts the wires side by side on which a master
//! listens, `dealer` is the one over which a client connects; the wires themselves are [`powerhose_wires`]. `clock` is the only one
//! that asks what time it is; `patience` is time that somebody else has, less our own pauses.

#[cfg(feature = "master")]
mod access;
#[cfg(feature = "master")]
mod bind_error;
pub(crate) mod clock;
#[cfg(feature = "client")]
pub(crate) mod dealer;
mod default_endpoint;
mod limits;
#[cfg(feature = "master")]
pub(crate) mod paths;
pub(crate) mod patience;
#[cfg(feature = "master")]
pub(crate) mod router;

#[cfg(feature = "master")]
pub use access::IpcAccess;
#[cfg(feature = "master")]
pub use bind_error::BindError;
pub use default_endpoint::{DefaultEndpointError, default_endpoint};
#[cfg(feature = "master")]
pub(crate) use limits::connections_max;
pub(crate) use limits::raise_open_files_limit;
