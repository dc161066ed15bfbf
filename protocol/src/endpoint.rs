//! Where a master listens. Parsed once, so that a wrong endpoint is an error with a reason before any socket is made.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Bytes of a unix socket's path, as Linux has it (`sun_path` less its closing zero).
pub const UNIX_PATH_BYTES_MAX: usize = 107;
/// The name of this machine for itself.
const LOCALHOST: &str = "localhost";

/// Where a master listens: a unix socket or a TCP port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `ipc:///path/to/socket`
    Ipc(PathBuf),
    /// `tcp://host:port`
    Tcp {
        /// A name or an address; an IPv6 address without its brackets.
        host: String,
        /// 0 lets the system choose one (when binding).
        port: u16,
    },
}

/// Why this is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It starts with neither `ipc://` nor `tcp://`.
    #[error("`{endpoint}` is no endpoint: write ipc:///path/to/socket or tcp://host:port")]
    UnknownScheme {
        /// What was given.
        endpoint: String,
    },
    /// The path is empty, relative or holds a zero byte.
    #[error("`{endpoint}` names no absolute path: write ipc:///path/to/socket")]
    BadPath {
        /// What was given.
        endpoint: String,
    },
    /// The path does not fit into a unix socket's address.
    #[error("the socket path {path} has {bytes} bytes, a unix socket's path can have {UNIX_PATH_BYTES_MAX}")]
    PathTooLong {
        /// The path.
        path: String,
        /// Its bytes.
        bytes: usize,
    },
    /// Not `host:port`.
    #[error("`{endpoint}` names no host and port: write tcp://host:port with a port from 0 to 65535")]
    BadAddress {
        /// What was given.
        endpoint: String,
    },
}

impl Endpoint {
    /// The endpoint at this path.
    ///
    /// # Errors
    /// The path is relative, has a zero byte, is no UTF-8, or is longer than [`UNIX_PATH_BYTES_MAX`].
    pub fn ipc(path: impl AsRef<Path>) -> Result<Endpoint, EndpointError> {
        format!("ipc://{}", path.as_ref().display()).parse()
    }

    /// The path of the unix socket, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Endpoint::Ipc(path) => Some(path),
            Endpoint::Tcp { .. } => None,
        }
    }

    /// Whether only processes of this machine reach it: a unix socket, or TCP on a loopback address.
    ///
    /// A host name other than `localhost` counts as reachable from elsewhere, whatever it resolves to today.
    pub fn is_local(&self) -> bool {
        match self {
            Endpoint::Ipc(_) => true,
            Endpoint::Tcp { host, .. } => {
                let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
                host == LOCALHOST || host.parse::<IpAddr>().is_ok_and(is_loopback)
            }
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        if let Some(path) = text.strip_prefix("ipc://") {
            return parse_path(text, path);
        }
        if let Some(address) = text.strip_prefix("tcp://") {
            return parse_address(address)
                .ok_or_else(|| EndpointError::BadAddress { endpoint: text.to_owned() });
        }
        Err(EndpointError::UnknownScheme { endpoint: text.to_owned() })
    }
}

fn parse_path(endpoint: &str, path: &str) -> Result<Endpoint, EndpointError> {
    if !path.starts_with('/') || path.ends_with('/') || path.contains('\0') {
        return Err(EndpointError::BadPath { endpoint: endpoint.to_owned() });
    }
    if path.len() > UNIX_PATH_BYTES_MAX {
        return Err(EndpointError::PathTooLong { path: path.to_owned(), bytes: path.len() });
    }
    Ok(Endpoint::Ipc(PathBuf::from(path)))
}

fn parse_address(address: &str) -> Option<Endpoint> {
    let (host, port) = address.rsplit_once(':')?;
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = bracketed.unwrap_or(host);
    let colons_allowed = bracketed.is_some();
    if host.is_empty() || host.contains(['/', '\0', ' ', ';']) || (host.contains(':') && !colons_allowed) {
        return None;
    }
    // The one name that means something to us; any other is the system's to look up.
    let host = if host.eq_ignore_ascii_case(LOCALHOST) { LOCALHOST } else { host };
    Some(Endpoint::Tcp { host: host.to_owned(), port: port.parse().ok()? })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Ipc(path) => write!(f, "ipc://{}", path.display()),
            Endpoint::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Endpoint::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_read_as_they_are_written() {
        for text in
            ["ipc:///run/powerhose/master.ipc", "tcp://127.0.0.1:5555", "tcp://[::1]:0", "tcp://localhost:1"]
        {
            let endpoint: Endpoint = text.parse().expect(text);
            assert_eq!(endpoint.to_string(), text);
            assert!(endpoint.is_local(), "{text}");
        }
        assert_eq!("tcp://LocalHost:1".parse(), "tcp://localhost:1".parse::<Endpoint>());
        for text in ["tcp://0.0.0.0:5555", "tcp://10.0.0.1:1", "tcp://example.org:80", "tcp://*:5555"] {
            assert!(!text.parse::<Endpoint>().expect(text).is_local(), "{text}");
        }
    }

    #[test]
    fn a_wrong_endpoint_says_what_would_be_right() {
        for (text, advice) in [
            ("", "ipc:///path"),
            ("/run/master.ipc", "ipc:///path"),
            ("inproc://x", "ipc:///path"),
            ("ipc://", "absolute path"),
            ("ipc://relative/path", "absolute path"),
            ("ipc:///ends/in/", "absolute path"),
            ("tcp://127.0.0.1", "host:port"),
            ("tcp://127.0.0.1:99999", "0 to 65535"),
            ("tcp://:80", "host:port"),
            ("tcp://::1:80", "host:port"),
        ] {
            let error = text.parse::<Endpoint>().expect_err(text).to_string();
            assert!(error.contains(advice), "{text}: {error}");
        }
    }

    #[test]
    fn a_path_of_107_bytes_fits_and_one_more_does_not() {
        let path = format!("/{}", "x".repeat(UNIX_PATH_BYTES_MAX - 1));
        assert!(Endpoint::ipc(&path).is_ok());
        let error = Endpoint::ipc(format!("{path}x")).expect_err("108 bytes");
        assert_eq!(error, EndpointError::PathTooLong { path: format!("{path}x"), bytes: 108 });
    }
}
