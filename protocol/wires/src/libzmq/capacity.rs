//! How many connections a master has. libzmq ends the whole process if it has no file left to open when a peer connects
//! over TCP. So there is a bound well below, and connections beyond it are ended as they come.

use super::connection::cut_by_hand;
use crate::Address;
use crate::shortage::Shortage;
use rustix::event::{EventfdFlags, eventfd};
use rustix::net::{SocketAddr, SocketAddrAny, SocketAddrUnix, getsockname};
use std::collections::HashSet;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

/// The connections that there are, by descriptor.
#[derive(Debug)]
pub(super) struct Capacity {
    max: usize,
    open: HashSet<RawFd>,
    /// Those that came when there were enough.
    surplus: Vec<RawFd>,
    reserve: Reserve,
    /// What connections are ended through, and what it stands for otherwise: a further descriptor may be missing.
    hand: OwnedFd,
    rest: OwnedFd,
    shortage: Shortage,
}

/// For so long it stays lent: others wait to be accepted, too.
const LENT_FOR: Duration = Duration::from_secs(1);

/// A descriptor that is kept for when there is no other: libzmq would try to accept a peer again and again, and take a third of
/// a core for it. Then it is lent for one that waits, which is accepted and cut off, and so on until none waits.
#[derive(Debug)]
enum Reserve {
    Kept { _descriptor: OwnedFd },
    Lent { since: Instant },
}

impl Reserve {
    fn new() -> Reserve {
        match eventfd(0, EventfdFlags::CLOEXEC) {
            Ok(descriptor) => Reserve::Kept { _descriptor: descriptor },
            Err(_) => Reserve::Lent { since: Instant::now() },
        }
    }
}

impl Capacity {
    /// # Errors
    /// No descriptor is left.
    pub(super) fn new(max: usize) -> io::Result<Capacity> {
        Ok(Capacity {
            max,
            open: HashSet::new(),
            surplus: Vec::new(),
            reserve: Reserve::new(),
            hand: eventfd(0, EventfdFlags::CLOEXEC)?,
            rest: eventfd(0, EventfdFlags::CLOEXEC)?,
            shortage: Shortage::default(),
        })
    }

    pub(super) fn accepted(&mut self, descriptor: RawFd) {
        self.open.insert(descriptor);
        self.replenish();
        if self.open.len() > self.max || matches!(self.reserve, Reserve::Lent { .. }) {
            self.surplus.push(descriptor);
        }
    }

    /// There was no file left for a peer that waits.
    pub(super) fn not_accepted(&mut self, error: &io::Error) {
        self.shortage.note(error);
        self.reserve = Reserve::Lent { since: Instant::now() };
    }

    /// Where a file is free again, it is kept.
    fn replenish(&mut self) {
        if let Reserve::Lent { since } = self.reserve
            && since.elapsed() >= LENT_FOR
        {
            self.reserve = Reserve::new();
        }
    }

    pub(super) fn ended(&mut self, descriptor: RawFd) {
        self.open.remove(&descriptor);
        self.surplus.retain(|surplus| *surplus != descriptor);
    }

    /// Ends the connections that are too many; tells how many there were. They count until libzmq has closed them.
    pub(super) fn cut_surplus(&mut self, addresses: &[Address]) -> usize {
        let count = self.surplus.len();
        for descriptor in self.surplus.drain(..) {
            // It may have ended just now, and something of the program around us may have its descriptor.
            cut_by_hand(&mut self.hand, &self.rest, descriptor, |socket| is_at(socket, addresses));
        }
        count
    }
}

/// Whether a socket is one that was accepted at one of these addresses.
fn is_at(socket: BorrowedFd<'_>, addresses: &[Address]) -> bool {
    let Ok(address) = getsockname(socket) else { return false };
    addresses.iter().any(|ours| match ours {
        Address::Unix(path) => path_of(&address).is_some_and(|bytes| bytes == path.as_os_str().as_bytes()),
        Address::Tcp { port, .. } => SocketAddr::try_from(address.clone()).is_ok_and(|at| at.port() == *port),
    })
}

fn path_of(address: &SocketAddrAny) -> Option<Vec<u8>> {
    let address = SocketAddrUnix::try_from(address.clone()).ok()?;
    Some(address.path_bytes()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn the_connections_that_are_too_many_end_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        let connect = |path| {
            let listener = UnixListener::bind(path).expect("a path of its own");
            let peer = UnixStream::connect(path).expect("somebody listens");
            peer.set_nonblocking(true).expect("a socket");
            (listener.accept().expect("somebody connects").0, peer)
        };
        let ((accepted, mut peer), (foreign, mut other)) = (connect(&ours), connect(&theirs));
        let mut capacity = Capacity::new(1).expect("descriptors");
        // Numbers that nobody has.
        capacity.accepted(1_000_000);
        capacity.accepted(accepted.as_raw_fd());
        capacity.accepted(foreign.as_raw_fd());
        capacity.accepted(1_000_001);
        capacity.ended(1_000_001);
        assert_eq!(capacity.cut_surplus(&[Address::Unix(ours)]), 2);
        assert_eq!(peer.read(&mut [0]).expect("it is cut"), 0);
        assert!(other.read(&mut [0]).is_err(), "it is not ours to cut");
        capacity.ended(accepted.as_raw_fd());
        capacity.ended(foreign.as_raw_fd());
        capacity.ended(1_000_000);
        capacity.accepted(accepted.as_raw_fd());
        assert_eq!(capacity.cut_surplus(&[]), 0, "there is room again");
    }
}
