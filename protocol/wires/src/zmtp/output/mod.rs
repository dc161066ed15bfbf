//! What is sent: at once, as far as the peer's buffer takes it; the rest waits. Where it goes is a [`Sink`]'s business.

use crate::zmtp::format::{self, Head};
use crate::zmtp::over::Over;
use bytes::Bytes;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

/// A message of up to so many bytes is put together and sent as one piece.
const TOGETHER_BYTES_MAX: usize = 16 << 10;
/// A payload of up to so many bytes is copied beside its head; a larger one stays where it is.
const COPIED_BYTES_MAX: usize = 2048;
/// Pieces that are sent in one call.
const PIECES_PER_CALL: usize = 64;

/// Where bytes go.
pub(crate) trait Sink {
    /// How many bytes of these pieces it took, from the first on: none if it is full.
    ///
    /// # Errors
    /// It takes nothing any more.
    fn take(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, Over>;
}

/// What waits to be sent to one peer.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pieces: VecDeque<Bytes>,
    /// Bytes of the first piece that have been sent.
    sent: usize,
}

/// What became of something that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Whole,
    /// Some of it waits until the peer has read.
    Partly,
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Forgets what waits.
    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
        self.sent = 0;
    }

    /// How many pieces wait.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Sends a message: `header` and payload frames. `scratch` is for putting it together.
    pub(crate) fn send(
        &mut self,
        mut sink: impl Sink,
        header: &[u8],
        payloads: &[Bytes],
        scratch: &mut Vec<u8>,
    ) -> Result<Sent, Over> {
        scratch.clear();
        push_frame_head(scratch, header, payloads.is_empty());
        scratch.extend_from_slice(header);
        let bytes: usize = payloads.iter().map(|payload| format::framed_bytes(payload.len())).sum();
        if scratch.len() + bytes <= TOGETHER_BYTES_MAX {
            for (place, payload) in payloads.iter().enumerate() {
                push_frame_head(scratch, payload, place + 1 == payloads.len());
                scratch.extend_from_slice(payload);
            }
            return self.send_bytes(sink, scratch);
        }
        for (place, payload) in payloads.iter().enumerate() {
            push_frame_head(scratch, payload, place + 1 == payloads.len());
            if payload.len() <= COPIED_BYTES_MAX {
                scratch.extend_from_slice(payload);
            } else {
                self.pieces.push_back(Bytes::copy_from_slice(scratch));
                scratch.clear();
                self.pieces.push_back(payload.clone());
            }
        }
        if !scratch.is_empty() {
            self.pieces.push_back(Bytes::copy_from_slice(scratch));
        }
        self.flush(&mut sink)
    }

    /// Sends bytes that are framed already.
    pub(crate) fn send_bytes(&mut self, mut sink: impl Sink, bytes: &[u8]) -> Result<Sent, Over> {
        let sent = if self.is_empty() { sink.take(&[IoSlice::new(bytes)])? } else { 0 };
        if sent == bytes.len() {
            return Ok(Sent::Whole);
        }
        self.pieces.push_back(Bytes::copy_from_slice(&bytes[sent..]));
        Ok(Sent::Partly)
    }

    /// Sends what waits, as far as it goes.
    pub(crate) fn flush(&mut self, mut sink: impl Sink) -> Result<Sent, Over> {
        while !self.is_empty() {
            let first = self.pieces.iter().take(1).map(|piece| &piece[self.sent..]);
            let others = self.pieces.iter().skip(1).take(PIECES_PER_CALL - 1).map(|piece| &piece[..]);
            let slices: Vec<_> = first.chain(others).map(IoSlice::new).collect();
            let sent = sink.take(&slices)?;
            if sent == 0 {
                return Ok(Sent::Partly);
            }
            self.has_sent(sent);
        }
        Ok(Sent::Whole)
    }

    fn has_sent(&mut self, bytes: usize) {
        self.sent += bytes;
        while let Some(first) = self.pieces.front()
            && self.sent >= first.len()
        {
            self.sent -= first.len();
            self.pieces.pop_front();
        }
    }
}

fn push_frame_head(bytes: &mut Vec<u8>, frame: &[u8], is_last: bool) {
    format::push_head(bytes, Head { more: !is_last, command: false, length: frame.len() as u64 });
}

impl Sink for BorrowedFd<'_> {
    /// As many as the peer's buffer takes.
    fn take(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, Over> {
        // A peer that has gone must not end this process by a signal.
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        loop {
            match sendmsg(*self, pieces, &mut SendAncillaryBuffer::default(), flags) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(0),
                sent => return sent.map_err(|error| io::Error::from(error).into()),
            }
        }
    }
}

impl<S: Sink> Sink for &mut S {
    fn take(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, Over> {
        (**self).take(pieces)
    }
}

#[cfg(test)]
mod tests;
