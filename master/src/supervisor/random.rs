//! A small generator for jitter: the same seed gives the same numbers. Never for anything that must be unpredictable.

use std::hash::{BuildHasher, RandomState};

/// The SplitMix64 generator.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Any number.
    pub(super) fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    pub(super) fn fraction(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A seed that differs from process to process, so that masters started together do not restart workers together.
pub(super) fn system_seed() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut one, mut other) = (Random::new(7), Random::new(7));
        for _ in 0..100 {
            assert_eq!(one.number(), other.number());
        }
    }

    #[test]
    fn the_first_number_is_the_published_one() {
        assert_eq!(Random::new(0).number(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn fractions_lie_between_zero_and_one_and_spread() {
        let mut random = Random::new(1);
        let fractions: Vec<f64> = (0..1000).map(|_| random.fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let mean = fractions.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "mean {mean}");
    }
}
