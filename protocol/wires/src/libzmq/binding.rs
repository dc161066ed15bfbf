//! Where a listening socket is bound.

use super::endpoint;
use crate::Address;
use crate::zmtp::resolve;
use std::io;
use std::net::IpAddr;

/// Listens there. Gives the address as peers may use it.
pub(super) fn bind(socket: &zmq::Socket, address: &Address) -> io::Result<Address> {
    match (socket.bind(&endpoint(address)), address) {
        (Err(zmq::Error::ENODEV), Address::Tcp { host, port }) => bind_by_name(socket, host, *port),
        (done, _) => {
            done?;
            Ok(bound(address, socket))
        }
    }
}

/// libzmq itself listens at addresses and interfaces only. At each address of the name, at one port.
fn bind_by_name(socket: &zmq::Socket, host: &str, mut port: u16) -> io::Result<Address> {
    let mut failed = None;
    let mut listens = false;
    for found in resolve(host, port)? {
        let at = Address::from((found.ip().to_string(), port));
        match socket.bind(&endpoint(&at)) {
            Ok(()) => {
                listens = true;
                if let Address::Tcp { port: chosen, .. } = bound(&at, socket) {
                    port = chosen;
                }
            }
            Err(zmq::Error::EADDRINUSE) => return Err(zmq::Error::EADDRINUSE.into()),
            // A name may have addresses that this machine does not have, or not now.
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if !listens => Err(error.into()),
        _ => Ok((host, port).into()),
    }
}

/// Where the socket listens: with the port that the system chose, and an address as its family writes it (libzmq tells
/// those of IPv4 as IPv6 has them).
fn bound(asked: &Address, socket: &zmq::Socket) -> Address {
    let told = socket.get_last_endpoint().ok().and_then(Result::ok);
    let tcp = told.as_deref().and_then(|told| told.trim_end_matches('\0').strip_prefix("tcp://"));
    let Some((host, port)) = tcp.and_then(|told| told.rsplit_once(':')) else { return asked.clone() };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(port) = port.parse() else { return asked.clone() };
    let canonical = host.parse::<IpAddr>().map(|address| address.to_canonical().to_string());
    Address::Tcp { host: canonical.unwrap_or_else(|_| host.to_owned()), port }
}
