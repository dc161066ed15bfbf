//! How a dealer comes to a connection: it looks a name up, tries the addresses one after the other, waits, and tries again.
//! Never waits itself: poller and timer say when to go on.

use super::{DIALER, Failure};
use crate::Address;
use crate::poll::{Interest, Poller, Timer};
use crate::zmtp::net::{Family, Lookup, Resolve, literal, tcp, unix};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use tracing::debug;

/// The first wait before it tries again, doubled up to the second.
const RETRY_AFTER: Duration = Duration::from_millis(50);
const RETRY_AFTER_MAX: Duration = Duration::from_millis(500);
/// How long a name may take. The system's own bound is often near it.
const LOOKUP_WITHIN: Duration = Duration::from_secs(30);
/// How long one address may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

pub(super) struct Dialer {
    address: Address,
    resolve: Resolve,
    stage: Stage,
    /// What is tried before it waits again.
    untried: VecDeque<SocketAddr>,
    /// What was tried last.
    tried: Option<SocketAddr>,
    /// The next wait before it tries again.
    retry_after: Duration,
    failure: Option<Failure>,
}

enum Stage {
    /// There is a connection, or the timer says when to try again.
    Resting,
    LookingUp(Lookup),
    Connecting(OwnedFd),
}

impl Dialer {
    /// # Errors
    /// Nobody can be reached at such an address.
    pub(super) fn new(address: Address, resolve: Resolve) -> io::Result<Dialer> {
        match &address {
            Address::Unix(path) => unix::check(path)?,
            Address::Tcp { port: 0, .. } => {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "nobody can be reached at port 0"));
            }
            Address::Tcp { .. } => {}
        }
        Ok(Dialer {
            address,
            resolve,
            stage: Stage::Resting,
            untried: VecDeque::new(),
            tried: None,
            retry_after: RETRY_AFTER,
            failure: None,
        })
    }

    /// What the socket is that it gives.
    pub(super) fn family(&self) -> Family {
        match self.address {
            Address::Unix(_) => Family::Unix,
            Address::Tcp { .. } => Family::Tcp,
        }
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Goes on as far as it can, if there is no connection. Gives the socket once there is one.
    pub(super) fn go_on(&mut self, poller: &Poller, timer: &Timer) -> Option<OwnedFd> {
        match std::mem::replace(&mut self.stage, Stage::Resting) {
            Stage::Resting if timer.has_come() => self.begin(poller, timer),
            Stage::Resting => None,
            Stage::LookingUp(lookup) => self.look_up(lookup, poller, timer),
            Stage::Connecting(socket) => self.connect(socket, poller, timer),
        }
    }

    /// Begins to try.
    pub(super) fn begin(&mut self, poller: &Poller, timer: &Timer) -> Option<OwnedFd> {
        if !self.untried.is_empty() {
            return self.try_next(poller, timer);
        }
        let (host, port) = match &self.address {
            Address::Unix(path) => {
                return match unix::connect(path) {
                    Ok(socket) => Some(socket),
                    Err(error) => self.failed(&error, timer),
                };
            }
            Address::Tcp { host, port } => (host, *port),
        };
        if let Some(address) = literal(host, port) {
            self.untried.push_back(address);
            return self.try_next(poller, timer);
        }
        self.tried = None;
        let lookup = Lookup::begin(host, port, self.resolve)
            .and_then(|lookup| poller.add(lookup.as_fd(), DIALER).map(|()| lookup));
        match lookup {
            Ok(lookup) => {
                self.stage = Stage::LookingUp(lookup);
                timer.once(LOOKUP_WITHIN);
                None
            }
            Err(error) => self.failed(&error, timer),
        }
    }

    /// The connection is one of which messages can go.
    pub(super) fn has_opened(&mut self) {
        self.untried.clear();
        self.retry_after = RETRY_AFTER;
        self.failure = None;
    }

    /// The connection ended. It is tried again: at once where a name has addresses that were not tried yet.
    pub(super) fn has_ended(&mut self, why: &io::Error, timer: &Timer) {
        self.note(why);
        if self.untried.is_empty() { self.wait(timer) } else { timer.once(Duration::ZERO) }
    }

    fn look_up(&mut self, lookup: Lookup, poller: &Poller, timer: &Timer) -> Option<OwnedFd> {
        let answer = match lookup.answer() {
            Some(answer) => answer,
            None if timer.has_come() => Err(took_too_long()),
            None => {
                self.stage = Stage::LookingUp(lookup);
                return None;
            }
        };
        poller.remove(lookup.as_fd());
        match answer {
            Ok(addresses) => {
                self.untried.extend(addresses);
                self.try_next(poller, timer)
            }
            Err(error) => self.failed(&error, timer),
        }
    }

    fn connect(&mut self, socket: OwnedFd, poller: &Poller, timer: &Timer) -> Option<OwnedFd> {
        let outcome = match tcp::outcome(&socket) {
            Some(outcome) => outcome,
            None if timer.has_come() => Err(took_too_long()),
            None => {
                self.stage = Stage::Connecting(socket);
                return None;
            }
        };
        poller.remove(socket.as_fd());
        match outcome {
            Ok(()) => Some(socket),
            Err(error) => {
                self.note(&error);
                self.try_next(poller, timer)
            }
        }
    }

    fn try_next(&mut self, poller: &Poller, timer: &Timer) -> Option<OwnedFd> {
        while let Some(to) = self.untried.pop_front() {
            self.tried = Some(to);
            let begun = tcp::connect(to).and_then(|socket| {
                poller.add(socket.as_fd(), DIALER)?;
                poller.modify(socket.as_fd(), DIALER, Interest::ReadingAndWriting)?;
                Ok(socket)
            });
            match begun {
                Ok(socket) => {
                    timer.once(CONNECT_WITHIN);
                    return self.connect(socket, poller, timer);
                }
                Err(error) => self.note(&error),
            }
        }
        self.wait(timer);
        None
    }

    fn failed(&mut self, error: &io::Error, timer: &Timer) -> Option<OwnedFd> {
        self.note(error);
        self.wait(timer);
        None
    }

    fn note(&mut self, error: &io::Error) {
        let failure = match self.tried {
            Some(tried) => Failure::new(tried, error),
            None => Failure::new(&self.address, error),
        };
        debug!(%failure, "there is no connection");
        self.failure = Some(failure);
    }

    fn wait(&mut self, timer: &Timer) {
        timer.once(self.retry_after);
        self.retry_after = (self.retry_after * 2).min(RETRY_AFTER_MAX);
    }
}

#[cfg(test)]
impl Dialer {
    pub(super) fn tried(&self) -> Option<SocketAddr> {
        self.tried
    }

    pub(super) fn is_looking_up(&self) -> bool {
        matches!(self.stage, Stage::LookingUp(_))
    }
}

fn took_too_long() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "there was no answer")
}
