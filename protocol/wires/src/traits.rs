//! What every wire can do: for who listens and for who connects.
//!
//! Both are descriptors. One is readable when there is something to receive or to be told, except what
//! [`has_more`](Link::has_more) tells: who sleeps elsewhere asks that first, and says
//! [`slept_elsewhere`](Link::slept_elsewhere) afterwards. Nothing blocks but `sleep`.

use crate::{Address, Room, Route, Told};
use bytes::Bytes;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

/// A message, except its payload frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where it came from.
    pub route: Route,
    /// Its first frame.
    pub header: Bytes,
    /// Its sender chose an identity (routing id). It can be answered until the next call of
    /// [`receive`](Listener::receive), and is to be told that it must not.
    pub has_identity: bool,
}

/// There is no such connection, or its peer has not read for so long that too much waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer is gone")]
pub struct Gone;

/// There is no connection, or its peer has not read for so long that too much waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not connected")]
pub struct NotConnected;

/// Who listens: many peers, each with its route.
pub trait Listener: AsFd + Send {
    /// Listens at this address too. Gives it as peers may use it: with the port that the system chose, if it was 0.
    ///
    /// # Errors
    /// What the system says: `AddrInUse` if something else has the address.
    fn listen(&mut self, address: &Address) -> io::Result<Address>;

    /// Listens with a new socket at a path where it has listened, and with the old one no more: its file has gone. Nothing
    /// stands at the path now. Connections that there are stay.
    ///
    /// # Errors
    /// What the system says; it never listened there, or cannot do so again.
    fn listen_again(&mut self, path: &Path) -> io::Result<()> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// [`sleep`](Listener::sleep) ends also when this descriptor is readable, and tells so under this number, which is below
    /// 8. It must stay open as long as the listener.
    ///
    /// # Errors
    /// What the system says.
    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()>;

    /// The next message, if one is there. Its payload frames are put behind those in `payloads`. A lone empty message that is
    /// the first of its connection is left out: that is how a socket probes routers.
    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Received>;

    /// Hands a message over, whole or not at all; never waits.
    ///
    /// # Errors
    /// The peer is gone.
    fn send(&mut self, route: Route, header: &[u8], payloads: &[Bytes]) -> Result<(), Gone>;

    /// Room for a payload of so many bytes that will be sent to this peer.
    fn room(&mut self, route: Route, bytes: usize) -> Room {
        let _ = route;
        Room::in_memory(bytes)
    }

    /// Ends a connection, if it is still there. Unread messages are dropped.
    fn cut(&mut self, route: Route);

    /// Connections that have ended since the last call: everything that came over them has been received. This is certain,
    /// and told once.
    fn ended(&mut self, routes: &mut Vec<Route>);

    /// Connections that may have ended since the last call. Messages of theirs may still be unread. A busy listener may
    /// tell a few calls later.
    fn hints(&mut self, routes: &mut Vec<Route>);

    /// How many connections were refused, because there were as many as may be, since the last call.
    fn take_surplus(&mut self) -> usize;

    /// How many peers were refused since it is there, because they broke the wire's protocol, did not say who they are, or
    /// left before they had. A wire that is not told of them has none.
    fn refused(&self) -> u64 {
        0
    }

    /// Whether there is something to receive, or to be told, that [the descriptor](AsFd::as_fd) does not tell.
    fn has_more(&self) -> bool;

    /// Sleeps until there is something to receive or to be told, a watched descriptor is readable, or for this long. May
    /// wake for nothing. To be called when there is nothing [more](Listener::has_more).
    fn sleep(&mut self, at_most: Option<Duration>) -> Told;

    /// Somebody slept on the descriptor: anything may have happened.
    fn slept_elsewhere(&mut self);
}

/// Who connects: one peer, to which it connects again and again. What cannot be sent is not kept for a later connection.
pub trait Link: AsFd + Send {
    /// [`sleep`](Link::sleep) ends also when this descriptor is readable, and tells so under this number, which is below
    /// 8. It must stay open as long as the link.
    ///
    /// # Errors
    /// What the system says.
    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()>;

    /// The first frame of the next message, if one is there. Its other frames are put behind those in `payloads`. Also
    /// does what else there is to do: connects, and sends what waits.
    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes>;

    /// Hands a message over, whole or not at all; never waits.
    ///
    /// # Errors
    /// There is no connection.
    fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected>;

    /// Room for a payload of so many bytes that will be sent.
    fn room(&mut self, bytes: usize) -> Room {
        Room::in_memory(bytes)
    }

    /// Whether messages can be sent.
    fn is_connected(&self) -> bool;

    /// Whether a connection has ended since the last call: everything that came over it has been received. This is certain.
    fn has_ended(&mut self) -> bool;

    /// Whether a connection may have ended since the last call. Messages that came over it may still be unread. A busy link
    /// may tell a few calls later.
    fn has_hint(&mut self) -> bool;

    /// Whether some of what was handed over is still to be sent, which happens while something is received.
    fn has_unsent(&self) -> bool;

    /// Why there is no connection, in words, where that is known.
    fn why_not_connected(&self) -> Option<String>;

    /// Whether there may be something to receive, or to be told, that [the descriptor](AsFd::as_fd) does not tell. To be asked
    /// last before a sleep: another question may have made the descriptor silent.
    fn has_more(&self) -> bool;

    /// Sleeps until there is something to do, a watched descriptor is readable, or for this long. May wake for nothing. To
    /// be called when there is nothing [more](Link::has_more).
    fn sleep(&mut self, at_most: Option<Duration>) -> Told;

    /// Somebody slept on the descriptor: anything may have happened.
    fn slept_elsewhere(&mut self);
}
