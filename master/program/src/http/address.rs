//! Where it listens: on loopback, unless the operator says that others may read what is told here.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Processes of this machine.
    Loopback,
    /// Everybody who reaches the address.
    Public,
}

/// Why nothing is told over HTTP.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The text is no address.
    #[error("cannot listen on {address:?}: write it as 127.0.0.1:9464, localhost:9464 or [::1]:9464")]
    Address {
        /// The text.
        address: String,
    },
    /// The address is not on loopback, and nobody said that it may be so.
    #[error(
        "{address} can be reached from other machines, and whoever reaches it can read which pools, workers and \
         jobs there are: listen on 127.0.0.1, or allow it with --http-public"
    )]
    Public {
        /// Which.
        address: SocketAddr,
    },
    /// Another process listens there.
    #[error("{address} is in use by another process: choose another port, or 0 for any")]
    InUse {
        /// Where.
        address: SocketAddr,
    },
    /// The system refused.
    #[error("cannot {action} {address}: {source}")]
    Io {
        /// Where.
        address: String,
        /// What it refused.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Begins to listen.
pub(super) fn listen(text: &str, reach: Reach) -> Result<TcpListener, HttpError> {
    let addresses = resolve(text)?;
    if let (Reach::Loopback, Some(address)) = (reach, addresses.iter().find(|one| !one.ip().is_loopback())) {
        return Err(HttpError::Public { address: *address });
    }
    let listener = TcpListener::bind(&*addresses).map_err(|source| match (source.kind(), addresses[0]) {
        (io::ErrorKind::AddrInUse, address) => HttpError::InUse { address },
        (_, address) => HttpError::Io { address: address.to_string(), action: "listen on", source },
    })?;
    let failed = |source| HttpError::Io { address: text.to_owned(), action: "listen on", source };
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// At least one address.
fn resolve(text: &str) -> Result<Vec<SocketAddr>, HttpError> {
    if let Ok(address) = text.parse() {
        return Ok(vec![address]);
    }
    let wrong = || HttpError::Address { address: text.to_owned() };
    let (name, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    if name.is_empty() || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    let resolved: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|source| HttpError::Io { address: text.to_owned(), action: "find the address of", source })?
        .collect();
    if resolved.is_empty() { Err(wrong()) } else { Ok(resolved) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused_with_one_that_is() {
        for text in ["", "9464", ":9464", "localhost", "localhost:http", "127.0.0.1:70000"] {
            let error = listen(text, Reach::Loopback).expect_err("it is no address");
            assert!(matches!(error, HttpError::Address { .. }), "{text}: {error}");
            assert!(error.to_string().contains("127.0.0.1:9464"), "{error}");
        }
    }

    #[test]
    fn other_machines_are_let_in_only_if_that_is_said() {
        let error = listen("0.0.0.0:0", Reach::Loopback).expect_err("it is reached from everywhere");
        assert!(error.to_string().contains("--http-public"), "{error}");
        assert!(listen("0.0.0.0:0", Reach::Public).is_ok());
        assert!(listen("127.0.0.1:0", Reach::Loopback).is_ok());
        assert!(listen("localhost:0", Reach::Loopback).is_ok());
    }

    #[test]
    fn a_port_in_use_is_named() {
        let holder = listen("127.0.0.1:0", Reach::Loopback).expect("some port is free");
        let taken = holder.local_addr().expect("it listens").to_string();
        let error = listen(&taken, Reach::Loopback).expect_err("it is taken");
        assert!(matches!(error, HttpError::InUse { .. }), "{error}");
        assert!(error.to_string().contains(&taken), "{error}");
    }
}
