//! Where a router listens and a dealer connects.

use powerhose_protocol::Endpoint;
use std::fmt;
use std::path::{Path, PathBuf};

/// A unix socket, or a TCP port of a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// The path of a unix socket.
    Unix(PathBuf),
    /// A TCP port.
    Tcp {
        /// An IP address (that of IPv6 without brackets) or a name. To listen, also a network interface, or `*` for all.
        host: String,
        /// To listen, 0 has the system choose one.
        port: u16,
    },
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Address {
        Address::Unix(path.to_owned())
    }
}

impl<Host: Into<String>> From<(Host, u16)> for Address {
    fn from((host, port): (Host, u16)) -> Address {
        Address::Tcp { host: host.into(), port }
    }
}

impl From<&Endpoint> for Address {
    fn from(endpoint: &Endpoint) -> Address {
        match endpoint {
            Endpoint::Ipc(path) => Address::Unix(path.clone()),
            Endpoint::Tcp { host, port } => Address::Tcp { host: host.clone(), port: *port },
        }
    }
}

impl From<Address> for Endpoint {
    fn from(address: Address) -> Endpoint {
        match address {
            Address::Unix(path) => Endpoint::Ipc(path),
            Address::Tcp { host, port } => Endpoint::Tcp { host, port },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => write!(f, "{}", path.display()),
            Address::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}
