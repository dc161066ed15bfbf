//! What a test draws by lot. The same seed gives the same draws in every run.

use powerhose_protocol::Random;
use std::time::Duration;

/// A sequence of draws that its seed determines.
#[derive(Clone, Debug)]
pub struct Draws(Random);

impl Draws {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Draws {
        Draws(Random::new(seed))
    }

    /// Another sequence, for another part of a run: what one part draws does not shift what another does.
    pub fn of_part(seed: u64, part: u64) -> Draws {
        Draws::new(Random::new(seed ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93)).number())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.number()
    }

    /// From 0 to less than the bound; 0 if that is 0. For bounds far below 2^64 all are as likely.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound.max(1)
    }

    /// From the first to the last, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// Whether something happens that happens in so many of a thousand cases.
    pub fn permille(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of them; nothing if there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len() as u64) as usize)
    }

    /// Brings them into another order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for place in (1..all.len()).rev() {
            all.swap(place, self.below(place as u64 + 1) as usize);
        }
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.number().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    /// A time of so many microseconds, both included.
    pub fn micros(&mut self, first: u64, last: u64) -> Duration {
        Duration::from_micros(self.between(first, last))
    }

    /// A time of so many milliseconds, both included, on the microsecond.
    pub fn millis(&mut self, first: u64, last: u64) -> Duration {
        self.micros(first * 1000, last * 1000)
    }

    /// A time up to this one, the short ones more often: as many between 1 and 10 µs as between 1 and 10 ms.
    pub fn duration_up_to(&mut self, longest: Duration) -> Duration {
        let bits = 64 - (longest.as_micros() as u64).leading_zeros();
        let magnitude = self.below(u64::from(bits) + 1);
        let micros = self.below(1 << magnitude).min(longest.as_micros() as u64);
        Duration::from_micros(micros)
    }
}
