//! Numbers that look random and never repeat: splitmix64, whose output is a permutation of its counter.

/// Where a master's randomness comes from.
pub struct Seed([u8; 32]);

impl Seed {
    pub(crate) fn sessions(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_ne_bytes([a, b, c, d, e, f, g, h])
    }

    /// Sessions tell eight bytes of the seed to whoever sees them; the other 24 keep the nonces unforeseeable.
    pub(crate) fn nonces(&self) -> [u8; 32] {
        let mut seed = self.0;
        seed[..8].fill(0);
        seed
    }
}

impl From<[u8; 32]> for Seed {
    fn from(bytes: [u8; 32]) -> Seed {
        Seed(bytes)
    }
}

impl From<u64> for Seed {
    /// For simulations, which must be repeatable and have nothing to hide.
    fn from(number: u64) -> Seed {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_ne_bytes());
        Seed(bytes)
    }
}

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number: not 0, and none that came before (within 2^64 numbers).
    pub(crate) fn next(&mut self) -> u64 {
        loop {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            if mixed != 0 {
                return mixed;
            }
        }
    }
}
