//! A client's DEALER socket: for a master on this machine one without threads, for others libzmq's.

use super::clock;
use super::libzmq::dealer as tcp;
use super::router::Header;
use super::wakeup::Wakeup;
use bytes::Bytes;
use powerhose_protocol::limits::ENTRIES_MAX;
use powerhose_protocol::{CurveClient, Endpoint};
use powerhose_wires as wire;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

/// The largest payload that a master could be configured for; it tells its own bound in WELCOME.
pub(super) const FRAME_BYTES_MAX: u64 = 4 << 30;
/// What can be sent is bounded by the calls that a master accepts.
const UNSENT_MAX: usize = usize::MAX;
const WAKEUP: u8 = 0;

/// There is no connection to hand the message to.
#[derive(Debug)]
pub(crate) struct NotConnected;

/// A DEALER that connects, and connects again, to one endpoint.
pub(crate) struct Dealer(Kind);

enum Kind {
    Local { dealer: Box<wire::Dealer>, wakeup: Arc<Wakeup> },
    Tcp(tcp::Dealer),
}

impl Dealer {
    /// Begins to connect. That nobody listens there shows only by nothing being sent. Only TCP is encrypted.
    pub(crate) fn connect(
        endpoint: &Endpoint,
        curve: Option<&CurveClient>,
        wakeup: Arc<Wakeup>,
    ) -> io::Result<Dealer> {
        let Some(path) = endpoint.path() else {
            return Ok(Dealer(Kind::Tcp(tcp::Dealer::connect(&endpoint.to_string(), curve, wakeup)?)));
        };
        let mut dealer = Box::new(wire::Dealer::connect(path, BOUNDS)?);
        dealer.watch(wakeup.as_fd(), WAKEUP)?;
        Ok(Dealer(Kind::Local { dealer, wakeup }))
    }

    /// The next message's header; its payloads go to `payloads`, which is empty before.
    pub(crate) fn receive(&mut self, payloads: &mut Vec<Bytes>) -> Option<Header> {
        match &mut self.0 {
            Kind::Local { dealer, .. } => dealer.receive(payloads).map(Header::Local),
            Kind::Tcp(dealer) => dealer.receive(payloads).map(Header::Tcp),
        }
    }

    /// Hands a message over; never waits.
    pub(crate) fn send(&mut self, header: &[u8], payloads: &[Bytes]) -> Result<(), NotConnected> {
        match &mut self.0 {
            Kind::Local { dealer, .. } => {
                dealer.send(header, payloads).map_err(|wire::NotConnected| NotConnected)
            }
            Kind::Tcp(dealer) => dealer.send(header, payloads),
        }
    }

    /// Somebody else slept on the descriptor: anything may have happened.
    pub(crate) fn slept_elsewhere(&mut self) {
        match &mut self.0 {
            Kind::Local { dealer, .. } => dealer.slept_elsewhere(),
            Kind::Tcp(dealer) => dealer.slept_elsewhere(),
        }
    }

    /// Whether the connection ended since the last call; a busy loop may be told a few turns later.
    pub(crate) fn has_disconnected(&mut self) -> bool {
        match &mut self.0 {
            Kind::Local { dealer, .. } => dealer.take_ended(),
            Kind::Tcp(dealer) => dealer.has_disconnected(),
        }
    }

    /// Sleeps until a message is there, the connection ended, somebody uses the wake-up, or it is `until`.
    pub(crate) fn sleep(&mut self, until: Option<Instant>) {
        match &mut self.0 {
            Kind::Local { dealer, wakeup } => {
                if !dealer.has_more() {
                    dealer.sleep(until.map(|until| until.saturating_duration_since(clock::now())));
                }
                wakeup.awake();
                wakeup.drain();
            }
            Kind::Tcp(dealer) => dealer.sleep(until),
        }
    }

    /// Whether a message is there that the descriptor does not tell.
    pub(crate) fn has_message(&self) -> bool {
        match &self.0 {
            Kind::Local { dealer, .. } => dealer.has_more(),
            Kind::Tcp(dealer) => dealer.has_message(),
        }
    }

    /// Readable when a message has come since the last look, the connection ended, or somebody used the wake-up.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.0 {
            Kind::Local { dealer, .. } => dealer.as_fd(),
            Kind::Tcp(dealer) => dealer.descriptor(),
        }
    }
}

const BOUNDS: wire::Bounds = wire::Bounds {
    frame_bytes_max: FRAME_BYTES_MAX,
    frames_max: ENTRIES_MAX + 1,
    message_bytes_max: FRAME_BYTES_MAX,
    unsent_max: UNSENT_MAX,
};
