//! What happened: as a hash that tells two runs apart, and with `-v` as lines for people.

use crate::clock;
use std::time::Instant;

/// The story of a run.
pub(crate) struct Trace {
    hash: u64,
    verbose: bool,
}

impl Trace {
    pub(crate) fn new(verbose: bool) -> Trace {
        Trace { hash: 0xcbf2_9ce4_8422_2325, verbose }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Something happened: the bytes tell it from everything else, the text tells it to people.
    pub(crate) fn note(&mut self, now: Instant, bytes: &[u8], text: impl FnOnce() -> String) {
        self.mix(clock::age(now).as_nanos() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        if self.verbose {
            println!("{:>14.6}  {}", clock::age(now).as_secs_f64() * 1000.0, text());
        }
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}
