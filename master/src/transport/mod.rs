//! What is the master's of its wires: who may connect (`access`), one master on a path (`lock`), how many connections a process has
//! files for (`limits`), and why it could not listen (`bind_error`). `router` puts the wires side by side on which a master
//! listens, `dealer` is the one over which a client connects; the wires themselves are [`powerhose_wires`]. `clock` is the only one
//! that asks what time it is.

mod access;
mod bind_error;
pub(crate) mod clock;
pub(crate) mod dealer;
mod limits;
mod lock;
pub(crate) mod router;

pub use access::IpcAccess;
pub use bind_error::BindError;
pub(crate) use limits::{connections_max, raise_open_files_limit};
