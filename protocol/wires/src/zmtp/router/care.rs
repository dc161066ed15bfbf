//! What a router does when time passes, and when it ends.

use super::peer::{Care, TICK};
use super::peer::{Slot, token};
use super::{FIRST_LISTENER, Router};
use crate::zmtp::format;
use rustix::event::{PollFd, Timespec, poll};
use rustix::net::{Shutdown, shutdown};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long what was sent last may take to leave when the socket is dropped.
const LINGER: Duration = Duration::from_millis(500);

impl Router {
    pub(super) fn run_timer(&mut self) {
        if !self.timer_runs {
            self.timer_runs = true;
            self.timer.every(TICK);
        }
    }

    /// A second has passed. However late that is noticed, it counts as one, and what came meanwhile has been read before
    /// the next: a process that was stopped itself takes nobody for silent.
    pub(super) fn tick(&mut self) {
        for (place, listener) in self.listeners.iter_mut().enumerate().filter(|(_, listener)| listener.rests)
        {
            let added = self.poller.add(listener.socket.as_fd(), FIRST_LISTENER + place as u64);
            listener.rests = added.is_err();
        }
        let slots: Vec<_> = self.connections.keys().collect();
        for slot in slots {
            self.look_after(slot);
        }
        self.refusals.tick();
        if self.connections.is_empty()
            && !self.refusals.waits()
            && self.listeners.iter().all(|listener| !listener.rests)
        {
            self.timer.stop();
            self.timer_runs = false;
        }
    }

    fn look_after(&mut self, slot: Slot) {
        let Some(peer) = self.connections.get_mut(slot) else { return };
        match peer.tick() {
            Care::Nothing => {}
            Care::Greet => peer.connection.finish_opening(&self.poller, token(slot)),
            Care::Ask => peer.connection.send_command(&self.poller, token(slot), &format::ping()),
            Care::End(over) => self.end_because(slot, &over),
        }
    }

    /// Sends what waits, as soon as one of its peers reads, or not at all after so long. Whether something may be left.
    fn send_what_waits(&mut self, within: Duration) -> bool {
        let mut waiting: Vec<_> =
            self.connections.iter_mut().filter(|(_, peer)| peer.connection.has_unsent()).collect();
        if waiting.is_empty() || within.is_zero() {
            return false;
        }
        let mut descriptors: Vec<_> = waiting
            .iter()
            .map(|(_, peer)| PollFd::from_borrowed_fd(peer.connection.socket(), peer.connection.room_flags()))
            .collect();
        let _ = poll(&mut descriptors, Timespec::try_from(within).ok().as_ref());
        drop(descriptors);
        for (slot, peer) in &mut waiting {
            peer.connection.flush(&self.poller, token(*slot));
        }
        true
    }
}

impl Drop for Router {
    /// What waits for peers that read is still sent, for a bounded time.
    fn drop(&mut self) {
        let until = Instant::now() + LINGER;
        while self.send_what_waits(until.saturating_duration_since(Instant::now())) {}
        for peer in self.connections.values() {
            peer.connection.say_no_more();
        }
        for (_, peer) in self.connections.drain() {
            peer.connection.leave(&self.poller, until);
        }
        // Nobody is let in any more, also if a child that is just being started has a copy of the descriptor.
        for listener in &self.listeners {
            let _ = shutdown(&listener.socket, Shutdown::Both);
        }
    }
}
