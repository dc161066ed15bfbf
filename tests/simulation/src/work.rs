//! What jobs ask of a handler, and the only right answer to each: a reply is a function of its payload.

use bytes::Bytes;
use std::time::Duration;

/// Bytes of a payload without its filling.
const BYTES_MIN: usize = 13;
/// In every reply of a liar, so that no check takes it for a true one.
pub(crate) const LIE: &[u8] = b"a lie";

/// What a handler is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Reply.
    Reply,
    /// Give an error.
    Fail,
    /// Never return.
    Hang,
    /// End the process.
    Kill,
    /// Reply with more bytes than a reply may have.
    Burst,
}

/// A job as its caller means it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) call: u64,
    pub(crate) deed: Deed,
    pub(crate) run: Duration,
}

impl Work {
    pub(crate) fn payload(self, bytes: usize) -> Bytes {
        let mut payload = Vec::with_capacity(bytes.max(BYTES_MIN));
        payload.push(self.deed as u8);
        payload.extend((self.run.as_micros() as u32).to_le_bytes());
        payload.extend(self.call.to_le_bytes());
        payload.resize(bytes.max(BYTES_MIN), self.call as u8);
        payload.into()
    }

    /// What a payload asks for; nothing if no caller of ours wrote it.
    pub(crate) fn read(payload: &[u8]) -> Option<Work> {
        let (head, _) = payload.split_first_chunk::<BYTES_MIN>()?;
        let deed = [Deed::Reply, Deed::Fail, Deed::Hang, Deed::Kill, Deed::Burst]
            .into_iter()
            .find(|deed| *deed as u8 == head[0])?;
        let run = u32::from_le_bytes(head[1..5].try_into().expect("four bytes"));
        let call = u64::from_le_bytes(head[5..13].try_into().expect("eight bytes"));
        Some(Work { call, deed, run: Duration::from_micros(run.into()) })
    }
}

/// The reply to a payload.
pub(crate) fn reply_to(payload: &[u8]) -> Vec<u8> {
    let mut reply = fingerprint(payload).to_le_bytes().to_vec();
    reply.extend(payload.iter().rev().take(24));
    reply
}

/// The code of the error that a payload asks for.
pub(crate) fn code_of(payload: &[u8]) -> String {
    format!("code-{:04x}", fingerprint(payload) as u16)
}

/// FNV-1a: tells payloads apart, and the same on every machine.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
