//! Connections through shared memory that are looked at as long as the router is awake: those who have written lately. All others
//! have been told to wake it, and so have these while it sleeps.

use super::peer::{Peer, Slot};
use slotmap::SlotMap;
use std::cell::Cell;

/// So many go on being looked at after a sleep. The others need not be: to look at each costs a little, to be woken by one a
/// system call.
const KEPT_MAX: usize = 16;
/// Looks in a row that find something before the poller is asked about everybody else.
const LOOKS_MAX: u32 = 64;

#[derive(Debug, Default)]
pub(super) struct Memories {
    awake: Vec<Slot>,
    /// Who is looked at next.
    next: usize,
    /// Looks in a row.
    looks: u32,
    /// All have been told to wake the router.
    asleep: Cell<bool>,
}

impl Memories {
    /// This peer has written.
    pub(super) fn is_awake(&mut self, slot: Slot, peer: &mut Peer) {
        if peer.connection.shares_memory() && !peer.is_awake {
            peer.is_awake = true;
            self.awake.push(slot);
        }
    }

    /// The router is awake, and looks by itself.
    pub(super) fn awake(&mut self, connections: &mut SlotMap<Slot, Peer>) {
        if !self.asleep.take() {
            return;
        }
        let told = self.awake.len().saturating_sub(KEPT_MAX);
        for slot in self.awake.drain(..told) {
            if let Some(peer) = connections.get_mut(slot) {
                peer.is_awake = false;
            }
        }
        self.awake.retain(|slot| connections.get_mut(*slot).map(|peer| peer.connection.awake()).is_some());
    }

    /// The next who has written something.
    pub(super) fn next(&mut self, connections: &SlotMap<Slot, Peer>) -> Option<Slot> {
        for _ in 0..self.awake.len() {
            self.next = (self.next + 1) % self.awake.len();
            let slot = self.awake[self.next];
            if connections.get(slot).is_some_and(|peer| peer.connection.has_more()) {
                self.looks += 1;
                return Some(slot);
            }
        }
        None
    }

    /// Whether others have waited long enough.
    pub(super) fn had_their_turn(&self) -> bool {
        self.looks >= LOOKS_MAX
    }

    pub(super) fn others_turn(&mut self) {
        self.looks = 0;
    }

    /// From now on the poller tells. Whether something is there already.
    pub(super) fn will_sleep(&self, connections: &SlotMap<Slot, Peer>) -> bool {
        let mut slots = self.awake.iter();
        let has_more =
            slots.any(|slot| connections.get(*slot).is_some_and(|peer| peer.connection.will_sleep()));
        // Else those behind it have not been told.
        self.asleep.set(!has_more);
        has_more
    }
}
