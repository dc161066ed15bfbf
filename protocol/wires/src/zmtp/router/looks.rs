//! Where a router looks for what is new: what the poller has seen, and memory that it shares with peers.

use super::peer::{Slot, token};
use super::{FIRST_LISTENER, Router, TIMER};
use crate::poll::Seen;
use crate::zmtp::over::{Over, Read};
use slotmap::KeyData;
use std::time::Duration;

impl Router {
    /// Looks at one of those who may have something to say, as the poller or their memory tells. Whether there was one.
    pub(super) fn look_somewhere(&mut self) -> bool {
        let memories_first = !self.poller.has_seen() && !self.memories.had_their_turn();
        if memories_first && let Some(slot) = self.memories.next(&self.connections) {
            self.look_at(slot);
            return true;
        }
        self.memories.others_turn();
        if !self.poller.has_seen() {
            self.poller.look(Some(Duration::ZERO));
        }
        if let Some(seen) = self.poller.take() {
            self.see(seen);
            return true;
        }
        let next = self.memories.next(&self.connections);
        if let Some(slot) = next {
            self.look_at(slot);
        }
        next.is_some()
    }

    fn see(&mut self, seen: Seen) {
        if seen.token == TIMER {
            if self.timer.has_come() {
                self.tick();
            }
        } else if let Some(place) = self.listener(seen.token) {
            self.accept(place);
        } else {
            self.tell(seen);
        }
    }

    /// Which listener the poller knows by this token.
    fn listener(&self, token: u64) -> Option<usize> {
        let place = usize::try_from(token.checked_sub(FIRST_LISTENER)?).ok()?;
        (place < self.listeners.len()).then_some(place)
    }

    /// The poller has seen something of a connection.
    fn tell(&mut self, seen: Seen) {
        let slot = KeyData::from_ffi(seen.token).into();
        let Some(peer) = self.connections.get_mut(slot) else { return };
        peer.connection.is_readable();
        if seen.writable {
            peer.connection.flush(&self.poller, token(slot));
        }
        self.memories.is_awake(slot, peer);
        self.look_at(slot);
    }

    fn look_at(&mut self, slot: Slot) {
        let Some(peer) = self.connections.get_mut(slot) else { return };
        if peer.connection.may_flush() {
            peer.connection.flush(&self.poller, token(slot));
        }
        match peer.connection.read(&mut self.chunk) {
            Ok(Read::Full | Read::All) => {
                peer.has_spoken();
                self.reading = Some(slot);
            }
            Ok(Read::Nothing) => {}
            Ok(Read::End) => self.end_because(slot, &Over::Ended),
            Err(over) => self.end_because(slot, &over),
        }
    }
}
