//! Which connection each route stands for, by file descriptor: all that libzmq tells of one, and a number that is used
//! again for whatever comes next. It must never end anything but the connection that a message came through.

use rustix::fs::fstat;
use rustix::io::{DupFlags, dup3, fcntl_dupfd_cloexec};
use rustix::net::{Shutdown, shutdown};
use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

/// libzmq's number of a connection.
pub(super) type Number = u32;

/// Every connection that was heard of since it last was suspected.
///
/// A message can be read long after its connection ended, and its descriptor may stand for another peer by then, or for
/// something of the program around us. But libzmq tells of the end before it closes the descriptor. So either the news
/// is still to come, and takes the route with it ([`ended`](Connections::ended), before each cut). Or it came already:
/// then the message lay unread ever since, which is possible only until the socket is found empty. Meanwhile it is not
/// certain what the descriptor stands for, and nothing is cut through it.
#[derive(Debug, Default)]
pub(super) struct Connections {
    known: HashMap<Number, Connection>,
    routes: HashMap<RawFd, Vec<Number>>,
    /// Descriptors whose connection ended after the socket was last found empty.
    in_doubt: HashSet<RawFd>,
}

impl Connections {
    /// Whether a message of this route was read before.
    pub(super) fn is_known(&self, route: Number) -> bool {
        self.known.contains_key(&route)
    }

    /// Whether there is nothing to learn from another message of this route.
    pub(super) fn is_certain(&self, route: Number) -> bool {
        self.known.get(&route).is_some_and(|connection| connection.socket.is_some())
    }

    /// A message was read that came through this descriptor.
    pub(super) fn heard(&mut self, route: Number, descriptor: RawFd) {
        let certain = !self.in_doubt.contains(&descriptor);
        let socket = certain.then(|| socket_number(borrow(descriptor))).flatten();
        if self.known.insert(route, Connection { descriptor, socket }).is_none() {
            self.routes.entry(descriptor).or_default().push(route);
        }
    }

    /// The connection of a descriptor ended. Which of those that had it is not told, so all are put into `routes`; those
    /// that live are heard of again.
    pub(super) fn ended(&mut self, descriptor: RawFd, routes: &mut Vec<Number>) {
        self.in_doubt.insert(descriptor);
        for route in self.routes.remove(&descriptor).unwrap_or_default() {
            self.known.remove(&route);
            routes.push(route);
        }
    }

    /// The socket was found empty: whatever came before a connection ended has been read.
    pub(super) fn nothing_unread(&mut self) {
        self.in_doubt.clear();
    }

    /// Ends the connection of a route, if it is still there. libzmq notices and closes it.
    pub(super) fn cut(&self, route: Number) {
        if let Some(connection) = self.known.get(&route) {
            connection.cut();
        }
    }
}

/// The socket behind a descriptor at the time when a message was read.
#[derive(Clone, Copy, Debug)]
struct Connection {
    descriptor: RawFd,
    /// Sockets have numbers of their own, which tell whether the descriptor still stands for the same one. None while
    /// that is in doubt.
    socket: Option<u64>,
}

impl Connection {
    fn cut(self) {
        cut_if(self.descriptor, |socket| self.socket.is_some() && self.socket == socket_number(socket));
    }
}

/// Ends the connection behind a descriptor if it is the one that is meant. libzmq notices and closes it.
pub(super) fn cut_if(descriptor: RawFd, is_meant: impl FnOnce(BorrowedFd<'_>) -> bool) {
    // A descriptor of our own stands for one thing, whatever libzmq closes and the system opens meanwhile.
    let Ok(own) = fcntl_dupfd_cloexec(borrow(descriptor), 0) else { return };
    if is_meant(own.as_fd()) {
        // It may have ended by itself just now.
        let _ = shutdown(own, Shutdown::Both);
    }
}

/// The same where no descriptor may be left: `hand` stands for the connection meanwhile, and for `rest` before and after.
pub(super) fn cut_by_hand(
    hand: &mut OwnedFd,
    rest: &OwnedFd,
    descriptor: RawFd,
    is_meant: impl FnOnce(BorrowedFd<'_>) -> bool,
) {
    if dup3(borrow(descriptor), hand, DupFlags::CLOEXEC).is_ok() {
        if is_meant(hand.as_fd()) {
            let _ = shutdown(&*hand, Shutdown::Both);
        }
        // It needs no further descriptor, and these two are open.
        let _ = dup3(rest, hand, DupFlags::CLOEXEC);
    }
}

fn socket_number(descriptor: BorrowedFd<'_>) -> Option<u64> {
    fstat(descriptor).ok().map(|status| status.st_ino)
}

fn borrow<'a>(descriptor: RawFd) -> BorrowedFd<'a> {
    // SAFETY: the number is only handed to system calls that refuse one that is not open; nothing is read, written or
    // closed through it, and it is never -1, as libzmq received a message there.
    unsafe { BorrowedFd::borrow_raw(descriptor) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::dup2;
    use std::io::{ErrorKind, Read};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    const ROUTE: Number = 1;

    /// A descriptor that libzmq would have: what it stands for can be replaced, as when a number is used again.
    struct Descriptor(OwnedFd);

    impl Descriptor {
        /// With a socket behind it; the other end tells whether it is cut.
        fn connected() -> (Descriptor, UnixStream) {
            let (ours, theirs) = UnixStream::pair().expect("two sockets");
            (Descriptor(ours.into()), theirs)
        }

        fn number(&self) -> RawFd {
            self.0.as_raw_fd()
        }

        /// It is closed, and its number used for another connection at once.
        fn use_again(&mut self) -> UnixStream {
            let (ours, theirs) = UnixStream::pair().expect("two sockets");
            dup2(&ours, &mut self.0).expect("it is replaced");
            theirs
        }
    }

    fn is_cut(other_end: &mut UnixStream) -> bool {
        other_end.set_nonblocking(true).expect("a socket");
        match other_end.read(&mut [0]) {
            Ok(0) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_connection_is_cut() {
        let (descriptor, mut peer) = Descriptor::connected();
        let mut connections = Connections::default();
        connections.heard(ROUTE, descriptor.number());
        connections.cut(ROUTE);
        assert!(is_cut(&mut peer));
    }

    #[test]
    fn who_has_the_descriptor_next_is_not_cut() {
        let (mut descriptor, _peer) = Descriptor::connected();
        let mut connections = Connections::default();
        connections.heard(ROUTE, descriptor.number());
        let mut next = descriptor.use_again();
        connections.cut(ROUTE);
        assert!(!is_cut(&mut next));
    }

    #[test]
    fn who_had_the_descriptor_already_when_an_old_message_was_read_is_not_cut() {
        let (mut descriptor, _peer) = Descriptor::connected();
        let mut connections = Connections::default();
        let mut suspects = Vec::new();
        // The news of the end comes before the message is read …
        connections.ended(descriptor.number(), &mut suspects);
        let mut next = descriptor.use_again();
        connections.heard(ROUTE, descriptor.number());
        connections.cut(ROUTE);
        assert!(!is_cut(&mut next));
        // … or after it.
        connections.nothing_unread();
        let mut after_next = descriptor.use_again();
        connections.heard(ROUTE, descriptor.number());
        connections.ended(descriptor.number(), &mut suspects);
        assert_eq!(suspects, [ROUTE]);
        connections.cut(ROUTE);
        assert!(!is_cut(&mut after_next));
    }

    #[test]
    fn a_new_connection_is_known_for_certain_once_nothing_is_left_of_the_old() {
        let (descriptor, mut peer) = Descriptor::connected();
        let mut connections = Connections::default();
        connections.ended(descriptor.number(), &mut Vec::new());
        connections.heard(ROUTE, descriptor.number());
        assert!(!connections.is_certain(ROUTE));
        connections.nothing_unread();
        connections.heard(ROUTE, descriptor.number());
        assert!(connections.is_certain(ROUTE));
        connections.cut(ROUTE);
        assert!(is_cut(&mut peer));
        let mut suspects = Vec::new();
        connections.ended(descriptor.number(), &mut suspects);
        assert_eq!(suspects, [ROUTE], "it is told once");
    }

    #[test]
    fn a_descriptor_that_is_closed_cuts_nothing() {
        let mut connections = Connections::default();
        let closed = 1_000_000;
        assert!(fstat(borrow(closed)).is_err(), "nobody has so many");
        connections.heard(ROUTE, closed);
        connections.cut(ROUTE);
        assert!(!connections.is_certain(ROUTE));
    }
}
