//! Addresses of a test's own.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};

/// A port that is free, at a loopback address that nobody else on this machine uses.
///
/// # Panics
/// The machine has no loopback addresses, or no port left.
pub fn free_address() -> SocketAddrV4 {
    static PLACES: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id();
    let own = PLACES.fetch_add(1, Ordering::Relaxed);
    let host = Ipv4Addr::new(127, 1 + (process >> 8) as u8 % 254, process as u8, own);
    let bound = TcpListener::bind((host, 0)).and_then(|socket| socket.local_addr());
    SocketAddrV4::new(host, bound.expect("a port").port())
}
