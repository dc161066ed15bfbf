//! The wire over which a client reaches its master, and the wake-up that it sleeps over too.

use super::clock;
use bytes::Bytes;
use powerhose_protocol::{CurveClient, Endpoint};
use powerhose_wires::{Bounds, Link, NotConnected, Wakeup, choice};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

/// What can be sent is bounded by the calls that a master accepts.
const UNSENT_MAX: usize = usize::MAX;
const WAKEUP: u8 = 0;

/// Connects, and connects again, to one endpoint.
pub(crate) struct Dealer {
    link: Box<dyn Link>,
    wakeup: Arc<Wakeup>,
}

impl Dealer {
    /// Begins to connect. That nobody listens there shows only by nothing being sent. Only TCP is encrypted.
    pub(crate) fn connect(
        endpoint: &Endpoint,
        curve: Option<&CurveClient>,
        wakeup: Arc<Wakeup>,
    ) -> io::Result<Dealer> {
        let bounds = Bounds { unsent_max: UNSENT_MAX, ..Bounds::of_peer() };
        Dealer::over(choice::connect(endpoint, curve, bounds)?, wakeup)
    }

    /// Over this wire.
    pub(crate) fn over(mut link: Box<dyn Link>, wakeup: Arc<Wakeup>) -> io::Result<Dealer> {
        link.watch(wakeup.as_fd(), WAKEUP)?;
        Ok(Dealer { link, wakeup })
    }

    /// The next message's header; its payloads go to `payloads`, which is empty before.
    pub(crate) fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Bytes> {
        self.link.receive(payloads)
    }

    /// Hands a message over; never waits.
    pub(crate) fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        self.link.send(header, payloads)
    }

    /// Somebody else slept on the descriptor: anything may have happened.
    pub(crate) fn slept_elsewhere(&mut self) {
        self.link.slept_elsewhere();
    }

    /// Whether the connection ended since the last call; a busy loop may be told a few turns later.
    pub(crate) fn has_disconnected(&mut self) -> bool {
        // Both are asked: what one tells, it tells once.
        self.link.has_ended() | self.link.has_hint()
    }

    /// Sleeps until a message is there, the connection ended, somebody uses the wake-up, or it is `until`.
    pub(crate) fn sleep(&mut self, until: Option<Instant>) {
        if !self.link.has_more() {
            self.link.sleep(until.map(|until| until.saturating_duration_since(clock::now())));
        }
        self.wakeup.awake();
        self.wakeup.drain();
    }

    /// Whether a message is there that the descriptor does not tell.
    pub(crate) fn has_message(&self) -> bool {
        self.link.has_more()
    }

    /// Readable when a message has come since the last look, the connection ended, or somebody used the wake-up.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}
