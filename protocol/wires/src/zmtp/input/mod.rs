//! What a peer sends, put together into messages. Touches no socket: bytes go in, messages come out.

use crate::zmtp::buffers::Buffers;
use crate::zmtp::chunk::Chunk;
use crate::zmtp::format::{self, Answer, GREETING_BYTES, Head, Kind, Ping};
use crate::{Bounds, Violation};
use bytes::Bytes;

/// A longer frame that has not come whole is read to where it will stay.
const LARGE_BYTES: u64 = 16 << 10;
/// What a frame counts beside its bytes, so that empty ones count too.
const FRAME_BYTES: u64 = 32;
/// For so much of a large frame memory is set aside before it has come; then for as much again as is there.
const TRUSTED_BYTES: usize = 4 << 20;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Ready,
    Open,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// The peer's greeting is whole: it speaks what we speak.
    Greeted,
    /// The peer is there, and may be sent messages.
    Opened,
    /// A message; this is its first frame.
    Message(Bytes),
    /// A question whether this end is still there, to be answered.
    Ping(Ping),
    /// What the peer says of memory that it was offered.
    Answer(Answer),
}

#[derive(Debug)]
pub(crate) struct Input {
    kind: Kind,
    bounds: Bounds,
    stage: Stage,
    has_identity: bool,
    offers_memory: bool,
    answers_pings: bool,
    /// The begin of something that has not come whole.
    rest: Vec<u8>,
    large: Option<Large>,
    /// Where large frames are put.
    buffers: Buffers,
    /// The first frame of a message that has not come whole.
    header: Option<Bytes>,
    /// Its other frames.
    payloads: Vec<Bytes>,
    /// What it counts against its bound.
    message_bytes: u64,
}

/// A large frame of which some is still to come.
#[derive(Debug)]
struct Large {
    body: Vec<u8>,
    length: usize,
    more: bool,
}

impl Large {
    /// Makes room for what comes next.
    fn room(&mut self) -> &mut Vec<u8> {
        if self.body.len() == self.body.capacity() {
            let missing = self.length - self.body.len();
            self.body.reserve_exact(missing.min(self.body.len().max(TRUSTED_BYTES)));
        }
        &mut self.body
    }
}

impl Input {
    pub(crate) fn new(kind: Kind, bounds: Bounds, buffers: Buffers) -> Input {
        Input {
            kind,
            bounds,
            stage: Stage::Greeting,
            has_identity: false,
            offers_memory: false,
            answers_pings: false,
            rest: Vec::new(),
            large: None,
            buffers,
            header: None,
            payloads: Vec::new(),
            message_bytes: 0,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether the peer chose an identity.
    pub(crate) fn has_identity(&self) -> bool {
        self.has_identity
    }

    /// Whether the peer offers shared memory.
    pub(crate) fn offers_memory(&self) -> bool {
        self.offers_memory
    }

    /// Whether the peer speaks a version that knows PING.
    pub(crate) fn answers_pings(&self) -> bool {
        self.answers_pings
    }

    /// Where the next bytes that are read belong. `chunk` is used up before.
    pub(crate) fn room<'a>(&'a mut self, chunk: &'a mut Chunk) -> &'a mut Vec<u8> {
        debug_assert!(chunk.unused().is_empty());
        match &mut self.large {
            Some(large) => large.room(),
            None => chunk.room(),
        }
    }

    /// Bytes were read to there.
    pub(crate) fn has_read(&mut self, chunk: &mut Chunk) {
        if !self.rest.is_empty() {
            chunk.prepend(std::mem::take(&mut self.rest));
        }
    }

    /// What came next, of what was read. Payload frames of a message are put into `payloads`. None once everything is
    /// used up.
    pub(crate) fn next(
        &mut self,
        chunk: &mut Chunk,
        payloads: &mut Vec<Bytes>,
    ) -> Result<Option<Came>, Violation> {
        if let Some(mut large) = self.large.take_if(|large| large.body.len() >= large.length) {
            // Memory may have been larger than asked for: what was read beyond the frame stands behind it.
            chunk.extend(&large.body[large.length..]);
            large.body.truncate(large.length);
            let frame = self.buffers.lend(large.body);
            if let Some(came) = self.take_frame(large.more, frame, payloads)? {
                return Ok(Some(came));
            }
        }
        while let Some(used) = self.take_one(chunk.unused(), payloads)? {
            chunk.skip(used.bytes);
            if used.came.is_some() {
                return Ok(used.came);
            }
        }
        self.rest.extend_from_slice(chunk.unused());
        chunk.clear();
        Ok(None)
    }

    /// Takes the next unit of the protocol, if it is there.
    fn take_one(&mut self, unused: &[u8], payloads: &mut Vec<Bytes>) -> Result<Option<Used>, Violation> {
        if self.stage == Stage::Greeting {
            format::check_greeting(unused)?;
            if unused.len() < GREETING_BYTES {
                return Ok(None);
            }
            self.answers_pings = format::answers_pings(unused);
            self.stage = Stage::Ready;
            return Ok(Some(Used { bytes: GREETING_BYTES, came: Some(Came::Greeted) }));
        }
        let Some((head, size)) = format::read_head(unused)? else { return Ok(None) };
        self.check(head)?;
        let there = &unused[size..];
        let length = head.length as usize;
        if let Some(body) = there.get(..length) {
            let came = if head.command {
                self.take_command(body)?
            } else {
                self.take_frame(head.more, Bytes::copy_from_slice(body), payloads)?
            };
            return Ok(Some(Used { bytes: size + length, came }));
        }
        if head.command || head.length <= LARGE_BYTES {
            return Ok(None);
        }
        let mut body = self.buffers.take(length, TRUSTED_BYTES);
        body.extend_from_slice(there);
        self.large = Some(Large { body, length, more: head.more });
        Ok(Some(Used { bytes: unused.len(), came: None }))
    }

    fn check(&self, head: Head) -> Result<(), Violation> {
        if self.stage == Stage::Ready && !head.command {
            return Err(Violation::NotReady);
        }
        let max = self.bounds.frame_bytes_max;
        if head.length > max {
            return Err(Violation::FrameTooLong { bytes: head.length, max });
        }
        Ok(())
    }

    fn take_command(&mut self, body: &[u8]) -> Result<Option<Came>, Violation> {
        if self.stage == Stage::Ready {
            let ready = format::read_ready(body, self.kind)?;
            (self.has_identity, self.offers_memory) = (ready.has_identity, ready.offers_memory);
            self.stage = Stage::Open;
            return Ok(Some(Came::Opened));
        }
        let ping = format::read_ping(body).map(Came::Ping);
        Ok(ping.or_else(|| format::read_answer(body).map(Came::Answer)))
    }

    fn take_frame(
        &mut self,
        more: bool,
        frame: Bytes,
        payloads: &mut Vec<Bytes>,
    ) -> Result<Option<Came>, Violation> {
        // Also what is dropped: a message must end some time.
        self.message_bytes = self.message_bytes.saturating_add(frame.len() as u64 + FRAME_BYTES);
        if self.message_bytes > self.bounds.message_bytes_max {
            return Err(Violation::MessageTooLong { max: self.bounds.message_bytes_max });
        }
        if self.payloads.len() < self.bounds.frames_max {
            match self.header {
                None => self.header = Some(frame),
                Some(_) => self.payloads.push(frame),
            }
        }
        if more {
            return Ok(None);
        }
        self.message_bytes = 0;
        payloads.append(&mut self.payloads);
        Ok(self.header.take().map(Came::Message))
    }
}

/// What was taken of what was read.
struct Used {
    bytes: usize,
    came: Option<Came>,
}

#[cfg(test)]
mod tests;
