//! The connecting end.

use crate::Bounds;
use crate::poll::Timer;
use crate::poll::{Poller, TOLD_MAX, Told};
use crate::zmtp::buffers::Buffers;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::connection::{Connection, Over, Read};
use crate::zmtp::format::Kind;
use crate::zmtp::input::Came;
use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};
use tracing::debug;

/// The first wait before it connects again, doubled up to the second.
const RECONNECT_AFTER: Duration = Duration::from_millis(50);
const RECONNECT_AFTER_MAX: Duration = Duration::from_millis(500);
/// Who listens but does not answer the greeting is left and tried anew after this.
const GREETING_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection to which nothing can be sent may take to end by itself.
const BROKEN_FOR: Duration = Duration::from_secs(1);
/// How long what was sent last may take to leave when the socket is dropped.
const LINGER: Duration = Duration::from_millis(500);

const TIMER: u64 = TOLD_MAX;
const CONNECTION: u64 = TIMER + 1;

/// There is no connection, or its peer has not read for so long that too much waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not connected")]
pub struct NotConnected;

/// A DEALER with one peer, to which it connects again and again. What cannot be sent is not kept for a later connection.
pub struct Dealer {
    poller: Poller,
    timer: Timer,
    address: SocketAddrUnix,
    bounds: Bounds,
    buffers: Buffers,
    link: Option<Connection>,
    /// The next wait before it connects again.
    reconnect_after: Duration,
    /// What was read.
    chunk: Chunk,
    /// The last look brought all that was there.
    read_all: bool,
    scratch: Vec<u8>,
    /// A connection over which messages could go has ended.
    ended: bool,
    /// The connection broke, and the timer runs for it.
    ends_soon: bool,
}

impl Dealer {
    /// Begins to connect to the socket at this path. That nobody listens there shows only by nothing being sent.
    ///
    /// # Errors
    /// No socket can be at such a path, or the system has no descriptor left.
    pub fn connect(path: &Path, bounds: Bounds) -> io::Result<Dealer> {
        let (poller, timer) = (Poller::new()?, Timer::new()?);
        poller.add(timer.as_fd(), TIMER)?;
        let mut dealer = Dealer {
            poller,
            timer,
            address: SocketAddrUnix::new(path)?,
            bounds,
            buffers: Buffers::default(),
            link: None,
            reconnect_after: RECONNECT_AFTER,
            chunk: Chunk::new(),
            read_all: false,
            scratch: Vec::new(),
            ended: false,
            ends_soon: false,
        };
        dealer.try_to_connect();
        Ok(dealer)
    }

    /// [`sleep`](Dealer::sleep) ends also when this descriptor is readable, and tells so under this number, which is below
    /// 8. It must stay open as long as the dealer.
    ///
    /// # Errors
    /// What the system says.
    pub fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        debug_assert!(u64::from(number) < TOLD_MAX);
        self.poller.add(descriptor, number.into())
    }

    /// Whether messages can be sent.
    pub fn is_connected(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.is_open() && !link.is_broken())
    }

    /// Whether a connection has ended since it was last asked; everything that came over it has been received.
    pub fn take_ended(&mut self) -> bool {
        std::mem::take(&mut self.ended)
    }

    /// Whether some of what was handed over has not been sent yet.
    pub fn has_unsent(&self) -> bool {
        self.link.as_ref().is_some_and(Connection::has_unsent)
    }

    /// Whether there may be something to receive, or an end to be told, that [the descriptor](AsFd::as_fd) does not tell.
    pub fn has_more(&self) -> bool {
        self.ended || !self.chunk.unused().is_empty()
    }

    /// The first frame of the next message, if one is there. Its other frames are put behind those in `payloads`. Also
    /// does what else there is to do: connects, and sends what waits.
    pub fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
        self.flush();
        loop {
            if let Some(header) = self.next(payloads) {
                return Some(header);
            }
            if std::mem::take(&mut self.read_all) {
                return None;
            }
            if !self.read() {
                return None;
            }
        }
    }

    /// Hands a message over; never waits.
    ///
    /// # Errors
    /// There is no connection to hand it to.
    pub fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        let link = self.link.as_mut().filter(|link| link.is_open()).ok_or(NotConnected)?;
        let sent = link.send(&self.poller, CONNECTION, header, payloads, &mut self.scratch);
        if let Err(over @ Over::NotRead) = &sent {
            self.end(over);
        }
        self.look_after();
        sent.map_err(|_| NotConnected)
    }

    /// Somebody else slept on [the descriptor](AsFd::as_fd): something may have come. Without this word it is found one
    /// call of [`receive`](Dealer::receive) later.
    pub fn slept_elsewhere(&mut self) {
        self.read_all = false;
    }

    /// Sleeps until there is something to do, a watched descriptor can be read, or for this long. May wake for nothing.
    pub fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        let told = self.poller.look(at_most);
        // Whatever it saw, `receive` looks at.
        while self.poller.take().is_some() {}
        self.read_all = false;
        told
    }

    fn next(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
        loop {
            let link = self.link.as_mut()?;
            match link.next(&mut self.chunk, payloads) {
                Ok(Some(Came::Message(header))) => return Some(header),
                Ok(Some(Came::Opened)) => {
                    self.reconnect_after = RECONNECT_AFTER;
                    self.timer.stop();
                }
                Ok(Some(Came::Pong(pong))) => link.answer(&self.poller, CONNECTION, &pong),
                Ok(None) => return None,
                Err(violation) => {
                    self.end(&violation.into());
                    return None;
                }
            }
        }
    }

    /// Reads once, or connects if it is time. Whether something came.
    fn read(&mut self) -> bool {
        if !self.is_connected() && self.timer.has_come() {
            match self.link {
                Some(_) => self.end(&Over::NotRead),
                None => self.try_to_connect(),
            }
        }
        let Some(link) = &mut self.link else { return false };
        match link.read(&mut self.chunk) {
            Ok(Read::Full) => true,
            Ok(Read::All) => {
                self.read_all = true;
                true
            }
            Ok(Read::Nothing) => false,
            Ok(Read::End) => {
                self.end(&Over::Ended);
                false
            }
            Err(error) => {
                self.end(&error.into());
                false
            }
        }
    }

    fn flush(&mut self) {
        if let Some(link) = self.link.as_mut().filter(|link| link.has_unsent()) {
            link.flush(&self.poller, CONNECTION);
            self.look_after();
        }
    }

    /// Over a connection that broke while something was sent, what came before its end is still to be read, and then the
    /// end itself; if that does not come, it is made.
    fn look_after(&mut self) {
        if !self.ends_soon && self.link.as_ref().is_some_and(Connection::is_broken) {
            self.ends_soon = true;
            self.timer.once(BROKEN_FOR);
        }
    }

    fn try_to_connect(&mut self) {
        match self.greet() {
            Ok(link) => {
                self.link = Some(link);
                self.timer.once(GREETING_WITHIN);
            }
            Err(error) => {
                debug!(%error, "nobody can be reached");
                self.connect_later();
            }
        }
    }

    fn greet(&self) -> io::Result<Connection> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket: OwnedFd = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        connect(&socket, &self.address)?;
        Connection::begin(socket, Kind::Dealer, self.bounds, &self.buffers, &self.poller, CONNECTION)
    }

    fn connect_later(&mut self) {
        self.timer.once(self.reconnect_after);
        self.reconnect_after = (self.reconnect_after * 2).min(RECONNECT_AFTER_MAX);
    }

    fn end(&mut self, over: &Over) {
        let Some(link) = self.link.take() else { return };
        debug!(%over, "the connection is over");
        self.ended |= link.is_open();
        self.chunk.clear();
        self.read_all = false;
        self.ends_soon = false;
        link.end(&self.poller);
        self.connect_later();
    }
}

impl Drop for Dealer {
    /// What waits is still sent, for a bounded time.
    fn drop(&mut self) {
        let until = Instant::now() + LINGER;
        let Some(mut link) = self.link.take() else { return };
        while link.has_unsent() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let mut descriptors = [PollFd::from_borrowed_fd(link.socket(), PollFlags::OUT)];
            // A signal that interrupts it only makes another try of it.
            let _ = poll(&mut descriptors, Timespec::try_from(left).ok().as_ref());
            link.flush(&self.poller, CONNECTION);
        }
        link.end(&self.poller);
    }
}

impl AsFd for Dealer {
    /// Readable when there is something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}
