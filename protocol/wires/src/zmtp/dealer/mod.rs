//! The connecting end.

mod dialer;
mod ends;
mod promise;

pub use ends::Failure;

use crate::poll::{Poller, TOLD_MAX, Timer, Told};
use crate::zmtp::buffers::Buffers;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::connection::{Connection, Terms};
use crate::zmtp::format::Kind;
use crate::zmtp::input::Came;
use crate::zmtp::net;
use crate::zmtp::over::{Over, Read};
use crate::{Address, Bounds, Link, NotConnected, Sharing};
use bytes::Bytes;
use dialer::Dialer;
use promise::Promise;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Who listens but does not answer the greeting is left and tried anew after this.
const GREETING_WITHIN: Duration = Duration::from_secs(30);

const TIMER: u64 = TOLD_MAX;
const CONNECTION: u64 = TIMER + 1;
const DIALER: u64 = CONNECTION + 1;

/// A DEALER with one peer, to which it connects again and again. What cannot be sent is not kept for a later connection.
pub struct Dealer {
    poller: Poller,
    timer: Timer,
    dialer: Dialer,
    bounds: Bounds,
    sharing: Sharing,
    buffers: Buffers,
    link: Option<Connection>,
    /// What was read.
    chunk: Chunk,
    /// The last look brought all that was there.
    read_all: bool,
    scratch: Vec<u8>,
    /// A connection over which messages could go has ended.
    ended: bool,
    promise: Option<Promise>,
    /// The connection broke, and the timer runs for it.
    ends_soon: bool,
}

impl Dealer {
    /// Begins to connect to whoever listens at this address. That nobody does shows only by nothing being sent, and by
    /// [`last_failure`](Dealer::last_failure).
    ///
    /// # Errors
    /// Nobody can be reached at such an address, or the system has no descriptor left.
    pub fn connect(address: impl Into<Address>, bounds: Bounds) -> io::Result<Dealer> {
        Dealer::sharing(address, bounds, Sharing::Off)
    }

    /// The same, with shared memory, or not.
    ///
    /// # Errors
    /// As above.
    pub fn sharing(address: impl Into<Address>, bounds: Bounds, sharing: Sharing) -> io::Result<Dealer> {
        Dealer::dialing(Dialer::new(address.into(), net::resolve)?, bounds, sharing)
    }

    fn dialing(dialer: Dialer, bounds: Bounds, sharing: Sharing) -> io::Result<Dealer> {
        let (poller, timer) = (Poller::new()?, Timer::new()?);
        poller.add(timer.as_fd(), TIMER)?;
        let mut dealer = Dealer {
            poller,
            timer,
            dialer,
            bounds,
            sharing,
            buffers: Buffers::default(),
            link: None,
            chunk: Chunk::new(),
            read_all: false,
            scratch: Vec::new(),
            ended: false,
            promise: None,
            ends_soon: false,
        };
        let socket = dealer.dialer.begin(&dealer.poller, &dealer.timer);
        dealer.greet(socket);
        Ok(dealer)
    }

    /// Why the last try to connect failed, or the last connection ended. None if there is one over which messages can go, and
    /// before the first try has come to its end.
    pub fn last_failure(&self) -> Option<&Failure> {
        self.dialer.failure()
    }

    /// Whether a connection has ended since it was last asked; everything that came over it has been received.
    pub fn take_ended(&mut self) -> bool {
        std::mem::take(&mut self.ended)
    }

    fn next(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
        loop {
            let link = self.link.as_mut()?;
            match link.next(&mut self.chunk, payloads) {
                Ok(Some(Came::Message(header))) => return Some(header),
                Ok(Some(Came::Greeted | Came::Answer(_))) => {}
                Ok(Some(Came::Opened)) => {
                    self.dialer.has_opened();
                    self.timer.stop();
                    if let Err(over) = link.settle(&self.poller, CONNECTION, &self.chunk) {
                        self.end(over);
                        return None;
                    }
                }
                Ok(Some(Came::Ping(ping))) => {
                    if !ping.time_to_live.is_zero() && !self.ends_soon {
                        self.promise = Some(Promise::new(ping.time_to_live));
                        self.timer.once(ping.time_to_live);
                    }
                    link.answer(&self.poller, CONNECTION, &ping.answer);
                }
                Ok(None) => return None,
                Err(violation) => {
                    self.end(violation.into());
                    return None;
                }
            }
        }
    }

    /// Reads once, or goes on with connecting. Whether something came.
    fn read(&mut self) -> bool {
        match &self.link {
            None => {
                let socket = self.dialer.go_on(&self.poller, &self.timer);
                self.greet(socket);
            }
            Some(_) if !self.is_connected() && self.timer.has_come() => self.end(Over::Silent),
            Some(_) => {}
        }
        let Some(link) = &mut self.link else { return false };
        match link.read(&mut self.chunk) {
            Ok(read @ (Read::Full | Read::All)) => {
                self.read_all = read == Read::All;
                if let Some(promise) = &mut self.promise {
                    promise.keep();
                }
                true
            }
            Ok(Read::Nothing) => {
                self.check_promise();
                false
            }
            Ok(Read::End) => {
                self.end(Over::Ended);
                false
            }
            Err(error) => {
                self.end(error);
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

    fn greet(&mut self, socket: Option<OwnedFd>) {
        let Some(socket) = socket else { return };
        let family = self.dialer.family();
        let terms =
            Terms { kind: Kind::Dealer, bounds: self.bounds, buffers: &self.buffers, sharing: self.sharing };
        match Connection::begin(socket, family, terms, &self.poller, CONNECTION) {
            Ok(link) => {
                self.link = Some(link);
                self.timer.once(GREETING_WITHIN);
            }
            Err(error) => self.dialer.has_ended(&error, &self.timer),
        }
    }
}

impl Link for Dealer {
    fn watch(&mut self, descriptor: BorrowedFd<'_>, number: u8) -> io::Result<()> {
        debug_assert!(u64::from(number) < TOLD_MAX);
        self.poller.add(descriptor, number.into())
    }

    fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
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

    fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        let link = self.link.as_mut().filter(|link| link.is_open()).ok_or(NotConnected)?;
        let sent = link.send(&self.poller, CONNECTION, header, payloads, &mut self.scratch);
        self.look_after();
        sent.map_err(|over| {
            if over.is_final() {
                self.end(over);
            }
            NotConnected
        })
    }

    fn is_connected(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.is_open() && !link.is_broken())
    }

    fn has_ended(&mut self) -> bool {
        self.take_ended()
    }

    /// It sees each end in its place.
    fn has_hint(&mut self) -> bool {
        false
    }

    fn has_unsent(&self) -> bool {
        self.link.as_ref().is_some_and(Connection::has_unsent)
    }

    fn why_not_connected(&self) -> Option<String> {
        self.last_failure().map(ToString::to_string)
    }

    fn has_more(&self) -> bool {
        self.ended
            || !self.chunk.unused().is_empty()
            || self.link.as_ref().is_some_and(Connection::will_sleep)
    }

    fn sleep(&mut self, at_most: Option<Duration>) -> Told {
        // Asked also by who need not: from now on the descriptor tells.
        let at_most = if self.has_more() { Some(Duration::ZERO) } else { at_most };
        let told = self.poller.look(at_most);
        // Whatever it saw, `receive` looks at.
        while let Some(seen) = self.poller.take() {
            if let Some(link) = self.link.as_mut().filter(|_| seen.token == CONNECTION) {
                link.is_readable();
            }
        }
        self.read_all = false;
        told
    }

    /// Without this word, what has come is found one call of [`receive`](Link::receive) later.
    fn slept_elsewhere(&mut self) {
        self.read_all = false;
        if let Some(link) = &mut self.link {
            link.is_readable();
        }
    }
}

impl AsFd for Dealer {
    /// Readable when there is something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}

#[cfg(test)]
mod tests;
