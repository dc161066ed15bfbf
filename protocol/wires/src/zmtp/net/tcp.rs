//! TCP sockets.

use super::{BACKLOG, flags, system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{
    set_ipv6_v6only, set_socket_keepalive, set_socket_reuseaddr, set_tcp_keepcnt, set_tcp_keepidle,
    set_tcp_keepintvl, set_tcp_nodelay, socket_error,
};
use rustix::net::{
    AddressFamily, RecvFlags, Shutdown, SocketType, bind, getpeername, getsockname, recv, shutdown,
    socket_with,
};
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A connection over which nothing comes is asked for by the system after the first, then at the second, and ends when so
/// many are not answered: a machine that vanished is noticed within half a minute. Peers that speak notice it earlier.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_UNANSWERED_MAX: u32 = 3;
/// What was sent and is not acknowledged for so long ends the connection.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MILLISECONDS_MAX: u32 = 30_000;

/// What the end of what is sent counts among what is to arrive. Nothing is lost if only that is missing.
const END: usize = 1;
/// It is looked whether what was sent has arrived after the first, then ever later, up to the second.
const ARRIVAL_LOOK_AFTER: Duration = Duration::from_micros(50);
const ARRIVAL_LOOK_AFTER_MAX: Duration = Duration::from_millis(5);

/// Listens there.
pub(crate) fn listen(at: SocketAddr) -> io::Result<OwnedFd> {
    listen_with_backlog(at, BACKLOG)
}

/// Listens there; so many may wait to be accepted.
pub(crate) fn listen_with_backlog(at: SocketAddr, backlog: i32) -> io::Result<OwnedFd> {
    let socket = make(at)?;
    // Connections that have ended a moment ago do not keep the port.
    set_socket_reuseaddr(&socket, true)?;
    if at.ip() == Ipv6Addr::UNSPECIFIED {
        set_ipv6_v6only(&socket, false)?;
    }
    bind(&socket, &at)?;
    rustix::net::listen(&socket, backlog)?;
    Ok(socket)
}

/// Where a socket listens, the port that the system chose included.
pub(crate) fn listens_at(socket: &OwnedFd) -> io::Result<SocketAddr> {
    Ok(getsockname(socket)?.try_into()?)
}

/// Begins to connect. [`outcome`] tells of the end, when the socket can be written.
pub(crate) fn connect(to: SocketAddr) -> io::Result<OwnedFd> {
    let socket = make(to)?;
    match rustix::net::connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

/// How connecting ended; None as long as it has not.
pub(crate) fn outcome(socket: &OwnedFd) -> Option<io::Result<()>> {
    let mut descriptors = [PollFd::new(socket, PollFlags::OUT)];
    let ready = poll(&mut descriptors, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    if !ready.is_ok_and(|ready| ready > 0) {
        return None;
    }
    Some(check(socket))
}

/// Sets what a connection needs.
pub(super) fn prepare(socket: BorrowedFd<'_>) {
    let _ = set_tcp_nodelay(socket, true);
    let _ = set_socket_keepalive(socket, true);
    let _ = set_tcp_keepidle(socket, KEEPALIVE_AFTER);
    let _ = set_tcp_keepintvl(socket, KEEPALIVE_INTERVAL);
    let _ = set_tcp_keepcnt(socket, KEEPALIVE_UNANSWERED_MAX);
    #[cfg(target_os = "linux")]
    let _ = rustix::net::sockopt::set_tcp_user_timeout(socket, UNACKNOWLEDGED_MILLISECONDS_MAX);
}

/// The address of the other end, while there is one.
pub(super) fn peer(socket: BorrowedFd<'_>) -> String {
    let address = getpeername(socket).ok().flatten().and_then(|address| SocketAddr::try_from(address).ok());
    address.map_or_else(|| "a peer".to_owned(), |address| address.to_string())
}

/// Nothing more is sent.
pub(super) fn say_no_more(socket: BorrowedFd<'_>) {
    let _ = shutdown(socket, Shutdown::Write);
}

/// Waits until all that was sent has arrived at the other machine, or until then. What comes meanwhile is dropped.
///
/// To close a socket to which something has come that nobody read, or will come, resets the connection: what was sent and
/// is still on its way would be lost.
pub(super) fn arrive(socket: BorrowedFd<'_>, until: Instant) {
    let mut dropped = [0; 4096];
    let mut wait = ARRIVAL_LOOK_AFTER;
    while system::unacknowledged(socket) > END && Instant::now() < until {
        match recv(socket, &mut dropped, RecvFlags::DONTWAIT) {
            // Nobody sends more; nor does the system tell when what we sent has arrived.
            Ok((0, _)) | Err(Errno::AGAIN) => {
                std::thread::sleep(wait);
                wait = (wait * 2).min(ARRIVAL_LOOK_AFTER_MAX);
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// Whether a socket that can be written is connected, and with somebody else.
fn check(socket: &OwnedFd) -> io::Result<()> {
    socket_error(socket)??;
    // Where nobody listens at a port that the system also gives to those who connect, it may give just that one, and the
    // socket is connected with itself: it would talk to itself, and nobody could listen there.
    if getpeername(socket)? == Some(getsockname(socket)?) {
        return Err(io::Error::from(Errno::CONNREFUSED));
    }
    Ok(())
}

fn make(at: SocketAddr) -> io::Result<OwnedFd> {
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    Ok(socket_with(family, SocketType::STREAM, flags(), None)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::sockopt::{socket_keepalive, tcp_keepidle, tcp_nodelay};
    use std::net::Ipv4Addr;
    use std::os::fd::AsFd;

    /// An address of this machine that has no other use.
    const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 11, 1);

    #[test]
    fn a_connection_sends_at_once_and_notices_a_machine_that_vanished() {
        let socket = make((HERE, 1).into()).expect("a socket");
        prepare(socket.as_fd());
        assert_eq!(tcp_nodelay(&socket), Ok(true));
        assert_eq!(socket_keepalive(&socket), Ok(true));
        assert_eq!(tcp_keepidle(&socket), Ok(KEEPALIVE_AFTER));
        #[cfg(target_os = "linux")]
        assert_eq!(rustix::net::sockopt::tcp_user_timeout(&socket), Ok(UNACKNOWLEDGED_MILLISECONDS_MAX));
    }

    #[test]
    fn a_socket_that_is_connected_with_itself_is_refused() {
        let socket = make((HERE, 0).into()).expect("a socket");
        bind(&socket, &SocketAddr::from((HERE, 0))).expect("a port");
        let _ = rustix::net::connect(&socket, &listens_at(&socket).expect("it is bound"));
        let refused = outcome(&socket).expect("it is connected").expect_err("with itself");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_port_can_be_used_again_at_once() {
        let first = listen((HERE, 0).into()).expect("a port");
        let at = listens_at(&first).expect("it is bound");
        assert_eq!(listen(at).map_err(|error| error.kind()).err(), Some(io::ErrorKind::AddrInUse));
        let peer = std::net::TcpStream::connect(at).expect("it listens");
        let accepted = rustix::net::accept(&first).expect("a peer");
        // The end that closes first keeps the port for a while.
        drop((accepted, first));
        drop(peer);
        listen(at).expect("the same port");
    }
}
