//! What addresses a host has.

use super::{system, tcp};
use crate::Address;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;

/// Addresses of one name that are used.
const ADDRESSES_MAX: usize = 16;
/// The name of this machine for itself: both of its loopback addresses, whatever the system makes of the name. Only processes of
/// this machine may come that way.
const LOCALHOST: &str = "localhost";
/// All addresses of this machine.
const ALL: &str = "*";
/// How often the system may choose a port that another address of the same host does not have.
const CHOICES_MAX: u32 = 16;

/// How names are looked up. It may take long.
pub(crate) type Resolve = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// The addresses of a name, by the system's own means, those to be tried first in front.
pub(crate) fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = (host, port).to_socket_addrs();
    if host == LOCALHOST {
        let own: [SocketAddr; 2] = [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
        let loopback = found.into_iter().flatten().filter(|address| address.ip().is_loopback());
        return distinct(loopback.chain(own));
    }
    distinct(found?)
}

fn distinct(found: impl Iterator<Item = SocketAddr>) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) && addresses.len() < ADDRESSES_MAX {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

/// The address, if the host is one and no name.
pub(crate) fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, port))
}

/// Listens at all addresses that a host of this machine has, at one port. Gives the sockets, and the address with the port
/// that the system chose; an interface and `*` are told as what they stand for.
///
/// # Errors
/// The host has no address here, or something else has the port.
pub(crate) fn listen_at(host: &str, port: u16, resolve: Resolve) -> io::Result<(Vec<OwnedFd>, Address)> {
    if host == ALL {
        let all = listen_at_one((Ipv6Addr::UNSPECIFIED, port).into());
        return all.or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Err(error),
            // There is no IPv6 here.
            _ => listen_at_one((Ipv4Addr::UNSPECIFIED, port).into()),
        });
    }
    if let Some(at) = literal(host, port) {
        return listen_at_one(at);
    }
    if let Some(at) = system::interface(host)? {
        return listen_at_one((at, port).into());
    }
    let addresses = resolve(host, port)?;
    let mut tries = if port == 0 { CHOICES_MAX } else { 1 };
    loop {
        tries -= 1;
        match listen_at_each(&addresses) {
            Ok((sockets, port)) => return Ok((sockets, (host, port).into())),
            Err(error) if tries == 0 || error.kind() != io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => {}
        }
    }
}

fn listen_at_one(at: SocketAddr) -> io::Result<(Vec<OwnedFd>, Address)> {
    let socket = listen(at)?;
    let at = tcp::listens_at(&socket)?;
    Ok((vec![socket], (at.ip().to_string(), at.port()).into()))
}

/// If none has a port, all get the one that the system chooses for the first.
fn listen_at_each(addresses: &[SocketAddr]) -> io::Result<(Vec<OwnedFd>, u16)> {
    let (mut sockets, mut chosen, mut missing) = (Vec::new(), None, None);
    for address in addresses {
        let mut at = *address;
        at.set_port(chosen.unwrap_or(at.port()));
        match listen(at) {
            Ok(socket) => {
                chosen = Some(tcp::listens_at(&socket)?.port());
                sockets.push(socket);
            }
            // A name may have addresses that this machine does not have, or not now.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match (chosen, missing) {
        (Some(port), _) => Ok((sockets, port)),
        (None, Some(error)) => Err(error),
        (None, None) => {
            Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "it has no address on this machine"))
        }
    }
}

/// The error says where, which is more than was asked for.
fn listen(at: SocketAddr) -> io::Result<OwnedFd> {
    tcp::listen(at).map_err(|error| io::Error::new(error.kind(), format!("{at}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_both_loopback_addresses_and_no_other() {
        let found = resolve(LOCALHOST, 7).expect("it is always there");
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 7), "{found:?}");
        assert!(found.contains(&(Ipv4Addr::LOCALHOST, 7).into()), "{found:?}");
        assert!(found.contains(&(Ipv6Addr::LOCALHOST, 7).into()), "{found:?}");
    }
}
