//! Where random bytes come from: the operating system, or the bytes that a test hands in.
//!
//! Never falls back to anything weaker when the system gives none: that is an error.

use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;

/// The source could not fill the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the system gave no random bytes")]
pub struct NoRandomness;

/// A source of random bytes.
pub trait Random {
    /// Overwrites all of `buffer`.
    ///
    /// # Errors
    /// [`NoRandomness`]: the buffer's content is then of no use.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system's generator.
#[derive(Debug, Clone)]
pub struct SystemSource(SystemRandom);

impl SystemSource {
    /// Opens nothing: the generator is a system call.
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemSource {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemSource {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill(buffer).map_err(|_| NoRandomness)
    }
}

/// `N` fresh bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut buffer = [0; N];
    random.fill(&mut buffer)?;
    Ok(buffer)
}

/// `bytes` in lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod fixed {
    //! A predictable source, for tests only.

    use super::{NoRandomness, Random};

    /// Fills every buffer with one byte.
    pub(crate) struct Fixed(pub(crate) u8);

    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    /// Always fails.
    pub(crate) struct Broken;

    impl Random for Broken {
        fn fill(&self, _buffer: &mut [u8]) -> Result<(), NoRandomness> {
            Err(NoRandomness)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_source_does_not_repeat_itself() {
        let source = SystemSource::new();
        assert_ne!(bytes::<32>(&source), bytes::<32>(&source));
    }

    #[test]
    fn hexadecimal_keeps_leading_zeros() {
        assert_eq!(hexadecimal(&[0, 10, 255]), "000aff");
    }
}
