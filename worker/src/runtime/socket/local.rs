//! The connection to a master on this machine: a DEALER without threads.

use super::{Events, Header, Sent};
use crate::WorkerError;
use crate::runtime::frame::Frame;
use bytes::Bytes;
use powerhose_protocol::limits::ENTRIES_MAX;
use powerhose_wires::{Bounds, Dealer, NotConnected};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// The largest payload that a master could be configured for; it tells its own bound in WELCOME.
const FRAME_BYTES_MAX: u64 = 4 << 30;
/// What may wait for a master that does not read: nothing is begun while something waits, so only heartbeats come to it.
const UNSENT_MAX: usize = 131_072;
const BOUNDS: Bounds = Bounds {
    frame_bytes_max: FRAME_BYTES_MAX,
    frames_max: ENTRIES_MAX + 1,
    message_bytes_max: FRAME_BYTES_MAX,
    unsent_max: UNSENT_MAX,
};

pub(in crate::runtime) struct LocalSocket {
    dealer: Dealer,
    /// Empty between messages; kept for their memory.
    received: Vec<Bytes>,
    sending: Vec<Bytes>,
}

impl LocalSocket {
    pub(super) fn connect(path: &Path) -> Result<LocalSocket, WorkerError> {
        let dealer =
            Dealer::connect(path, BOUNDS).map_err(|error| WorkerError::system("make a socket", error))?;
        Ok(LocalSocket { dealer, received: Vec::new(), sending: Vec::new() })
    }

    pub(super) fn send(&mut self, header: &[u8], payloads: Vec<Frame>) -> Sent {
        self.sending.extend(payloads.into_iter().map(Frame::into_bytes));
        let sent = self.dealer.send(header, &self.sending);
        self.sending.clear();
        match sent {
            Ok(()) => Sent::Whole,
            Err(NotConnected) => Sent::NoConnection,
        }
    }

    pub(super) fn receive(&mut self, payloads: &mut Vec<Frame>) -> Option<Header> {
        let header = self.dealer.receive(&mut self.received)?;
        payloads.extend(self.received.drain(..).map(Frame::Local));
        Some(Header::Local(header))
    }

    pub(super) fn events(&mut self) -> Events {
        // Also if there is another connection by now.
        let ended = self.dealer.take_ended();
        Events { readable: self.dealer.has_more(), connected: self.dealer.is_connected() && !ended }
    }

    pub(super) fn slept(&mut self) {
        self.dealer.slept_elsewhere();
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.dealer.has_unsent()
    }
}

impl AsFd for LocalSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dealer.as_fd()
    }
}
