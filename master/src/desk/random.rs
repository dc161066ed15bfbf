//! What a master draws by lot: numbers that look random and never repeat.

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

/// Numbers for epochs and sessions.
pub(crate) struct Random(powerhose_protocol::Random);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(powerhose_protocol::Random::new(seed))
    }

    /// The next number: not 0, and none that came before (within 2^64 numbers).
    pub(crate) fn next(&mut self) -> u64 {
        loop {
            let number = self.0.number();
            if number != 0 {
                return number;
            }
        }
    }
}
