//! Questions to the system for which there is no safe call elsewhere. The only `unsafe` of this wire.

use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Bytes (an end counts as one) that were sent over a TCP connection, and of which the other machine has not said that they
/// have arrived. None also where the system does not tell.
pub(super) fn unacknowledged(socket: BorrowedFd<'_>) -> usize {
    #[cfg(target_os = "linux")]
    {
        let mut bytes: libc::c_int = 0;
        // SAFETY: the descriptor is open, and the call writes one int to where `bytes` is.
        let asked = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
        if asked == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket.as_raw_fd();
        0
    }
}

/// The process at the other end of a unix socket. None where the system does not tell, or the process is in another container.
pub(super) fn peer_process(socket: BorrowedFd<'_>) -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut bytes = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: the descriptor is open, and the call writes at most so many bytes to where `credentials` is.
        let asked = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut credentials).cast(),
                &raw mut bytes,
            )
        };
        u32::try_from(credentials.pid).ok().filter(|pid| asked == 0 && *pid != 0)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = socket.as_raw_fd();
        None
    }
}

/// The first address of the network interface of this name, if there is one: of IPv4, else of IPv6.
///
/// # Errors
/// What the system says.
pub(super) fn interface(name: &str) -> io::Result<Option<IpAddr>> {
    let mut first: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: the call writes a pointer to where `first` is.
    if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found: Option<IpAddr> = None;
    let mut next = first;
    // SAFETY: `getifaddrs` gave a list that ends with null; it stays until it is freed below, and nobody else has it.
    while let Some(entry) = unsafe { next.as_ref() } {
        next = entry.ifa_next;
        // SAFETY: every entry of the list has a name, which ends with zero.
        let own_name = unsafe { CStr::from_ptr(entry.ifa_name) };
        if own_name.to_bytes() != name.as_bytes() || found.is_some_and(|found| found.is_ipv4()) {
            continue;
        }
        // SAFETY: the address is null or one of the list, as long as its family says.
        found = unsafe { address(entry.ifa_addr) }.or(found);
    }
    // SAFETY: `first` came from `getifaddrs`, and nothing refers to the list any more.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

/// An IP address that others can connect to without naming an interface.
///
/// # Safety
/// It is null, or points to an address that is as long as its family says.
unsafe fn address(address: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: as the caller promises; every address begins with its family.
    let family = unsafe { address.as_ref() }?.sa_family;
    match i32::from(family) {
        libc::AF_INET => {
            // SAFETY: an address of this family is one of these; it need not be aligned.
            let address = unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let address = unsafe { address.cast::<libc::sockaddr_in6>().read_unaligned() };
            let address = Ipv6Addr::from(address.sin6_addr.s6_addr);
            (!address.is_unicast_link_local()).then_some(address.into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_at_the_other_end_of_a_unix_socket_is_known() {
        let (own, _other) = std::os::unix::net::UnixStream::pair().expect("two sockets");
        assert_eq!(peer_process(std::os::fd::AsFd::as_fd(&own)), Some(std::process::id()));
    }

    #[test]
    fn the_loopback_interface_has_an_address_and_others_have_none_of_its() {
        // Its name on Linux, and on others.
        let found = ["lo", "lo0"].map(|name| interface(name).expect("a list"));
        assert!(found.contains(&Some(Ipv4Addr::LOCALHOST.into())), "{found:?}");
        assert_eq!(interface("no-such-interface").expect("a list"), None);
    }
}
