//! Unix sockets.

use super::{BACKLOG, flags, system};
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, socket_with};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

/// What is asked of the system: it gives twice that, or twice its own bound (`net.core.wmem_max`). The more a peer can be
/// sent at once, the less often both must be woken for a large message.
const SEND_BUFFER_BYTES: usize = 416 << 10;

/// Listens at this path, where nothing may be.
pub(crate) fn listen(path: &Path) -> io::Result<OwnedFd> {
    let socket = make()?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// A connection to whoever listens at this path: there at once, or not at all.
pub(crate) fn connect(path: &Path) -> io::Result<OwnedFd> {
    let socket = make()?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// Whether a socket can be at such a path.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    SocketAddrUnix::new(path)?;
    Ok(())
}

pub(super) fn prepare(socket: BorrowedFd<'_>) {
    let _ = set_socket_send_buffer_size(socket, SEND_BUFFER_BYTES);
}

/// The process at the other end.
pub(super) fn peer(socket: BorrowedFd<'_>) -> String {
    let process = system::peer_process(socket);
    process.map_or_else(|| "a process".to_owned(), |process| format!("process {process}"))
}

fn make() -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, flags(), None)?)
}
