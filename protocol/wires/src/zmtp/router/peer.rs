//! One peer of a router, and how long it may be silent.

use crate::Route;
use crate::zmtp::connection::Connection;
use crate::zmtp::over::Over;
use slotmap::{Key, KeyData, new_key_type};
use std::time::Duration;

new_key_type! {
    /// Where a router has a connection. A slot that is used again has another key.
    pub(super) struct Slot;
}

/// The connection of a route, if it is still there.
pub(super) fn slot_of(route: Route) -> Slot {
    KeyData::from_ffi(route.number).into()
}

/// The route of a connection. Routers that stand side by side say which they are.
pub(super) fn route_of(slot: Slot) -> Route {
    Route::new(0, token(slot))
}

/// What the poller knows a connection by.
pub(super) fn token(slot: Slot) -> u64 {
    slot.data().as_ffi()
}

/// How often a peer is looked after.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// Ticks in which a peer has the time to say who it is.
pub(super) const GREETING_TICKS: u32 = 30;
/// Ticks without a byte after which a peer is cut off. It is sent a PING in each but the last, unless other bytes wait for it.
const SILENT_TICKS: u32 = 4;
/// Ticks after which a peer is cut off to which nothing can be sent, should it not end the connection itself.
const BROKEN_TICKS: u32 = 2;

pub(super) struct Peer {
    pub(super) connection: Connection,
    /// Something came since the last tick.
    heard: bool,
    /// Ticks since something came; before it is open, since it came.
    silent_ticks: u32,
    /// Ticks since nothing could be sent any more.
    broken_ticks: u32,
    /// After so many ticks without a byte it wants to be cut off itself: it said so in its last PING, and nothing since.
    own_ticks_max: Option<u32>,
    said: Said,
    /// Its memory is looked at without being told.
    pub(super) is_awake: bool,
}

/// What a peer has said since its handshake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Something,
}

/// What is to be done with a peer when a second has passed.
#[derive(Debug)]
pub(super) enum Care {
    Nothing,
    /// It may wait for our greeting and READY before it sends its own.
    Greet,
    /// To be asked whether it is still there.
    Ask,
    End(Over),
}

impl Peer {
    pub(super) fn new(connection: Connection) -> Peer {
        Peer {
            connection,
            heard: false,
            silent_ticks: 0,
            broken_ticks: 0,
            own_ticks_max: None,
            said: Said::Nothing,
            is_awake: false,
        }
    }

    /// Something came.
    pub(super) fn has_spoken(&mut self) {
        self.heard = true;
        self.own_ticks_max = None;
    }

    /// It sent a message. Whether that only says that it is there, as sockets do at once that probe routers: it is empty, and
    /// its first.
    pub(super) fn only_probes(&mut self, header: &[u8], frames_behind: usize) -> bool {
        let is_first = std::mem::replace(&mut self.said, Said::Something) == Said::Nothing;
        is_first && header.is_empty() && frames_behind == 0
    }

    /// It has said who it is.
    pub(super) fn has_opened(&mut self) {
        self.silent_ticks = 0;
    }

    /// It sent a PING, and promises to say something within this time, if it is not zero.
    pub(super) fn has_asked(&mut self, time_to_live: Duration) {
        // One more: the first tick may come at once.
        let ticks = time_to_live.as_millis().div_ceil(TICK.as_millis()) + 1;
        self.own_ticks_max = u32::try_from(ticks).ok().filter(|_| !time_to_live.is_zero());
    }

    pub(super) fn tick(&mut self) -> Care {
        if self.connection.is_broken() {
            // Not at once: what it said last may not have been read.
            self.broken_ticks += 1;
            return if self.broken_ticks >= BROKEN_TICKS { Care::End(Over::Ended) } else { Care::Nothing };
        }
        let is_open = self.connection.is_open();
        if std::mem::take(&mut self.heard) && is_open {
            self.silent_ticks = 0;
            return Care::Nothing;
        }
        self.silent_ticks += 1;
        let answers = self.connection.answers_pings();
        let silent_max = match is_open {
            false => Some(GREETING_TICKS),
            true => [self.own_ticks_max, answers.then_some(SILENT_TICKS)].into_iter().flatten().min(),
        };
        match silent_max {
            Some(max) if self.silent_ticks >= max => Care::End(Over::Silent),
            _ if !is_open => Care::Greet,
            _ if answers => Care::Ask,
            _ => Care::Nothing,
        }
    }
}
