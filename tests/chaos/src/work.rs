//! The jobs: what a handler is told to do, and the reply that only the right payload gives.

use powerhose_harness::Draws;
use serde::{Deserialize, Serialize};

/// The header that holds a job's key and act.
pub(crate) const HEADER: &str = "chaos";
/// A handler that fails fails with this code.
pub(crate) const FAILURE: &str = "refused";
/// A handler that panics fails with the first of these codes, one in C++ that throws with the second.
pub(crate) const PANICS: [&str; 2] = ["panic", "exception"];
/// A handler that ends its process ends it with this status.
pub(crate) const EXIT_STATUS: i32 = 77;

/// The pools.
pub(crate) const POOLS: [&str; 3] = [QUICK, MIXED, ROUGH];
/// Jobs of less than a millisecond: workers get several at once.
pub(crate) const QUICK: &str = "quick";
/// Jobs of up to tens of milliseconds.
pub(crate) const MIXED: &str = "mixed";
/// Jobs that may kill their worker.
pub(crate) const ROUGH: &str = "rough";

/// The largest payload and reply.
pub(crate) const BYTES_MAX: usize = 1 << 20;

/// What a handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Computes for so many microseconds, then replies.
    Compute(u32),
    /// Fails.
    Fail,
    Panic,
    /// Ends its process.
    Exit,
    Abort,
    /// Does not return.
    Hang,
}

impl Act {
    /// Whether the worker that runs it dies of it.
    pub(crate) fn is_deadly(self) -> bool {
        matches!(self, Act::Exit | Act::Abort | Act::Hang)
    }

    /// As a number below 2^40.
    pub(crate) fn to_code(self) -> u64 {
        match self {
            Act::Compute(microseconds) => u64::from(microseconds) << 8,
            Act::Fail => 1,
            Act::Panic => 2,
            Act::Exit => 3,
            Act::Abort => 4,
            Act::Hang => 5,
        }
    }

    pub(crate) fn from_code(code: u64) -> Option<Act> {
        Some(match code & 0xff {
            0 => Act::Compute((code >> 8) as u32),
            1 => Act::Fail,
            2 => Act::Panic,
            3 => Act::Exit,
            4 => Act::Abort,
            5 => Act::Hang,
            _ => return None,
        })
    }
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// Unique in the run.
    pub(crate) key: u64,
    pub(crate) act: Act,
}

impl Instruction {
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.key.to_le_bytes());
        bytes[8..].copy_from_slice(&self.act.to_code().to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Instruction> {
        let (key, code) = bytes.split_first_chunk::<8>()?;
        let act = Act::from_code(u64::from_le_bytes(code.try_into().ok()?))?;
        Some(Instruction { key: u64::from_le_bytes(*key), act })
    }
}

/// A size of a payload or a reply: mostly small, sometimes none at all, sometimes the largest.
pub(crate) fn size(random: &mut Draws) -> usize {
    let size = match random.below(100) {
        0..5 => 0,
        5..70 => random.between(1, 1024),
        70..90 => random.between(1024, 16 << 10),
        90..98 => random.between(16 << 10, 256 << 10),
        _ => random.between(256 << 10, BYTES_MAX as u64),
    };
    size as usize
}

/// The reply: a function of the payload, and of the key, as many payloads are empty.
pub(crate) fn reply(key: u64, payload: &[u8]) -> Vec<u8> {
    let mut random = Draws::of_part(digest(payload), key);
    let count = size(&mut random);
    random.bytes(count)
}

fn digest(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(8);
    let mut digest = 0x51_7c_c1_b7_27_22_0a_95 ^ bytes.len() as u64;
    let mut mix = |word: u64| digest = (digest.rotate_left(5) ^ word).wrapping_mul(0x2127_599b_f432_5c37);
    for word in &mut words {
        // A chunk has 8 bytes.
        mix(word.try_into().map_or(0, u64::from_le_bytes));
    }
    words.remainder().iter().for_each(|byte| mix(u64::from(*byte)));
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_read_as_it_was_written() {
        for act in [Act::Compute(1234), Act::Fail, Act::Panic, Act::Exit, Act::Abort, Act::Hang] {
            let instruction = Instruction { key: 7 << 40 | 9, act };
            assert_eq!(Instruction::from_bytes(&instruction.to_bytes()), Some(instruction));
        }
        assert_eq!(Instruction::from_bytes(&[0; 12]), None);
    }

    #[test]
    fn another_payload_or_key_gives_another_reply() {
        let replies = [reply(1, b"a"), reply(1, b"a"), reply(2, b"a"), reply(1, b"b")];
        assert_eq!(replies[0], replies[1]);
        assert_ne!(replies[0], replies[2]);
        assert_ne!(replies[0], replies[3]);
    }
}
