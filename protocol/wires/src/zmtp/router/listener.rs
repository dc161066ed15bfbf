//! Where new connections come from.

use super::peer::{Peer, token};
use super::{FIRST_LISTENER, Router};
use crate::Address;
use crate::zmtp::connection::{Connection, Terms};
use crate::zmtp::format::Kind;
use crate::zmtp::net::{self, Family};
use rustix::io::Errno;
use rustix::net::{Shutdown, accept_with, shutdown};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Connections that are accepted before peers are heard again.
const ACCEPTED_AT_ONCE: usize = 64;

pub(super) struct Listener {
    pub(super) socket: OwnedFd,
    family: Family,
    /// Where its socket's file is, if it has one.
    path: Option<PathBuf>,
    /// It is not looked at: no file could be opened for those who come.
    pub(super) rests: bool,
}

impl Listener {
    pub(super) fn new(socket: OwnedFd, address: &Address) -> Listener {
        let (family, path) = match address {
            Address::Unix(path) => (Family::Unix, Some(path.clone())),
            Address::Tcp { .. } => (Family::Tcp, None),
        };
        Listener { socket, family, path, rests: false }
    }

    /// The next connection, if one waits.
    ///
    /// # Errors
    /// None can be accepted now, and another try would fail as well.
    pub(super) fn accept(&self) -> io::Result<Option<OwnedFd>> {
        loop {
            match accept_with(&self.socket, net::flags()) {
                Ok(socket) => return Ok(Some(socket)),
                Err(Errno::AGAIN) => return Ok(None),
                Err(error) if is_of_one_peer(error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether accepting failed only for one peer, which has gone already or cannot be reached, or for a signal.
fn is_of_one_peer(error: Errno) -> bool {
    matches!(
        error,
        Errno::CONNABORTED
            | Errno::INTR
            | Errno::PROTO
            | Errno::PERM
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
    )
}

impl Router {
    /// Listens with a new socket at a path where it has listened, and with the old one no more. Who has come by the old one
    /// is let in.
    ///
    /// # Errors
    /// What the system says; it never listened there.
    pub fn listen_again(&mut self, path: &Path) -> io::Result<()> {
        let at_path = |listener: &Listener| listener.path.as_deref() == Some(path);
        let place = self.listeners.iter().position(at_path).ok_or(io::ErrorKind::NotFound)?;
        let socket = net::unix::listen(path)?;
        self.accept(place);
        let token = FIRST_LISTENER + place as u64;
        self.poller.add(socket.as_fd(), token)?;
        let listener = &mut self.listeners[place];
        let old = std::mem::replace(&mut listener.socket, socket);
        if !std::mem::take(&mut listener.rests) {
            self.poller.remove(old.as_fd());
        }
        // A child that is just being started may have a copy of the descriptor.
        let _ = shutdown(&old, Shutdown::Both);
        Ok(())
    }

    pub(super) fn accept(&mut self, place: usize) {
        for _ in 0..ACCEPTED_AT_ONCE {
            match self.listeners[place].accept() {
                Ok(Some(_)) if self.connections.len() >= self.connections_max => self.surplus += 1,
                Ok(Some(socket)) => self.welcome(socket, self.listeners[place].family),
                Ok(None) => return,
                Err(error) => {
                    self.shortage.note(&error);
                    self.rest(place);
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, socket: OwnedFd, family: Family) {
        self.run_timer();
        let terms =
            Terms { kind: Kind::Router, bounds: self.bounds, buffers: &self.buffers, sharing: self.sharing };
        let poller = &self.poller;
        let begin = |slot| {
            let connection = Connection::begin(socket, family, terms, poller, token(slot))?;
            Ok::<_, io::Error>(Peer::new(connection))
        };
        if let Err(error) = self.connections.try_insert_with_key(begin) {
            self.shortage.note(&error);
        }
    }

    /// Until the next tick nobody is accepted here: it would fail again at once.
    pub(super) fn rest(&mut self, place: usize) {
        self.run_timer();
        let listener = &mut self.listeners[place];
        self.poller.remove(listener.socket.as_fd());
        listener.rests = true;
    }
}
