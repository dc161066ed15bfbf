//! libzmq's sockets, which have threads of their own and can encrypt. **The only place that knows that library**, and all
//! `unsafe` that it needs.
//!
//! `connection` knows which descriptor a route stands for, and cuts nothing else; `capacity` cuts what is more than the process
//! has files for. Large payloads are not copied: a received frame is kept as it is, and libzmq refers to our buffer when one is
//! sent (`frame`).

mod binding;
mod capabilities;
mod capacity;
mod connection;
mod curve;
mod dealer;
mod frame;
mod monitor;
mod router;
mod sleep;

pub(crate) use capabilities::warn_of_other_build;
pub use capabilities::{Capabilities, capabilities};
pub use dealer::Dealer;
pub use router::Router;

use std::io;
use std::os::fd::BorrowedFd;

/// The descriptor that tells of a socket's messages. It is open as long as the socket.
fn descriptor(socket: &zmq::Socket) -> io::Result<BorrowedFd<'_>> {
    let descriptor = socket.get_fd()?;
    // SAFETY: the descriptor is the socket's own and open as long as it, which is borrowed for as long.
    Ok(unsafe { BorrowedFd::borrow_raw(descriptor) })
}

/// An address as libzmq writes it.
fn endpoint(address: &crate::Address) -> String {
    match address {
        crate::Address::Unix(path) => format!("ipc://{}", path.display()),
        crate::Address::Tcp { .. } => format!("tcp://{address}"),
    }
}
