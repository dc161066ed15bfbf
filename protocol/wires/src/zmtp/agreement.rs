//! How a connection comes to shared memory, and what it is asked about it. PROTOCOL.md has the words of it.

use crate::poll::Poller;
use crate::shared::{End, Map, Side, agreement};
use crate::zmtp::chunk::Chunk;
use crate::zmtp::connection::Connection;
use crate::zmtp::format::{self, Answer};
use crate::zmtp::over::Over;
use crate::zmtp::way::Way;
use crate::{Sharing, Violation};
use rustix::event::PollFlags;
use std::io;
use std::os::fd::AsFd;
use tracing::debug;

impl Connection {
    /// The peer has said READY: so does this end, with memory for both if the peer offers it and the system has it.
    pub(crate) fn answer_ready(&mut self, poller: &Poller, token: u64) {
        if self.sharing == Sharing::Offered
            && self.input.offers_memory()
            && let Err(error) = self.offer_memory()
        {
            debug!(token, %error, "no memory is shared with a peer");
        }
        self.finish_opening(poller, token);
    }

    fn offer_memory(&mut self) -> io::Result<()> {
        let whole = format::opening(self.kind, Sharing::Offered);
        let ready = &whole[format::GREETING_BYTES..];
        let plain = format::opening(self.kind, Sharing::Off).split_off(format::GREETING_BYTES);
        if self.opening != plain || self.broken || self.has_unsent() {
            return Err(io::Error::other("READY has been said"));
        }
        let (map, memory) = Map::new()?;
        let sent = agreement::send_with(self.socket.as_fd(), ready, memory.as_fd())?;
        self.opening.clear();
        // A socket over which a hundred bytes went so far has room for these.
        self.broken = sent < ready.len();
        self.way = Way::Offered(Box::new(End::new(map, Side::Listens)));
        Ok(())
    }

    /// The peer says what it does with the memory that it was offered. Says it unasked, it says nothing.
    pub(crate) fn take_answer(
        &mut self,
        poller: &Poller,
        token: u64,
        answer: Answer,
        chunk: &Chunk,
    ) -> Result<(), Violation> {
        match (std::mem::replace(&mut self.way, Way::Socket), answer) {
            (Way::Offered(_), Answer::Taken) if !chunk.unused().is_empty() => {
                return Err(Violation::Agreement);
            }
            (Way::Offered(end), Answer::Taken) => self.way = Way::Memory(end),
            (Way::Offered(_), Answer::Refused) => debug!(token, "a peer refuses shared memory"),
            (way @ (Way::Socket | Way::Memory(_)), _) => {
                self.way = way;
                return Ok(());
            }
        }
        self.flush(poller, token);
        Ok(())
    }

    /// The peer that listens has said READY. If memory came with it, all that follows goes through it.
    pub(crate) fn settle(&mut self, poller: &Poller, token: u64, chunk: &Chunk) -> Result<(), Over> {
        let memory = self.memory.take();
        if self.sharing == Sharing::Off || !self.input.offers_memory() {
            return Ok(());
        }
        let memory = memory.ok_or_else(|| io::Error::other("no memory came"));
        let map = memory.and_then(|memory| Map::of_other(&memory));
        let answer = if map.is_ok() { Answer::Taken } else { Answer::Refused };
        self.send_command(poller, token, &format::answer(answer));
        match map {
            Ok(_) if !chunk.unused().is_empty() => Err(Violation::Agreement.into()),
            Ok(_) if self.has_unsent() => Err(Over::NotRead),
            Ok(map) => {
                self.way = Way::Memory(Box::new(End::new(map, Side::Connects)));
                Ok(())
            }
            Err(error) => {
                debug!(token, %error, "shared memory is refused");
                Ok(())
            }
        }
    }

    /// Whether what comes goes through memory.
    pub(crate) fn shares_memory(&self) -> bool {
        matches!(self.way, Way::Memory(_))
    }

    /// The poller has seen something at the socket. Where memory is shared that is a wake-up, or the end.
    pub(crate) fn is_readable(&mut self) {
        if let Way::Memory(end) = &mut self.way {
            end.is_readable();
        }
    }

    /// Whether something is there of which the poller does not tell: something to read, or room for what waits.
    pub(crate) fn has_more(&self) -> bool {
        matches!(&self.way, Way::Memory(end) if end.has_more()) || self.may_flush()
    }

    /// Whether something waits for which there may be room in memory. A wake-up that came for it may have been taken for something else.
    pub(crate) fn may_flush(&self) -> bool {
        self.has_unsent() && matches!(&self.way, Way::Memory(end) if end.may_write())
    }

    /// From now on the poller tells of what comes. Whether something is there already.
    pub(crate) fn will_sleep(&self) -> bool {
        matches!(&self.way, Way::Memory(end) if end.will_sleep()) || self.may_flush()
    }

    /// Somebody looks: the peer need not tell.
    pub(crate) fn awake(&mut self) {
        if let Way::Memory(end) = &mut self.way {
            end.awake();
        }
    }

    /// What to wait for at the socket until more can be sent.
    pub(crate) fn room_flags(&self) -> PollFlags {
        self.way.room_flags()
    }
}
