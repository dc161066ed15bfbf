//! Proofs that a peer and a master share a secret: PROOF and WELCOME carry one each (PROTOCOL.md, section 5).
//!
//! The secret itself never crosses the wire. The key of a proof depends on the role and on the direction: a client's proof is
//! worth nothing as a worker's, and nothing if it is sent back to the peer that made it.

use crate::limits::NONCE_BYTES;
use hkdf::Hkdf;
use ring::hmac;
use sha2::Sha256;
use std::fmt;
use std::path::{Path, PathBuf};

/// Bytes that a secret has at least: as many as the key that is derived from it.
pub const SECRET_BYTES_MIN: usize = 32;

/// A secret that a master shares with its workers, or with its clients.
#[derive(Clone)]
pub struct SharedSecret(Box<[u8]>);

/// Why there is no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It could be guessed.
    #[error(
        "a shared secret has at least {SECRET_BYTES_MIN} bytes, this one has {bytes}: try `openssl rand -hex 32`"
    )]
    TooShort {
        /// Bytes it has.
        bytes: usize,
    },
    /// Its file cannot be read.
    #[error("cannot read the shared secret from {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What is being proved, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prover {
    /// The peer, to the master.
    Peer,
    /// The master, to the peer.
    Master,
}

impl SharedSecret {
    /// A secret of these bytes.
    ///
    /// # Errors
    /// It has fewer than [`SECRET_BYTES_MIN`].
    pub fn new(secret: impl AsRef<[u8]>) -> Result<SharedSecret, SecretError> {
        let secret = secret.as_ref();
        if secret.len() < SECRET_BYTES_MIN {
            return Err(SecretError::TooShort { bytes: secret.len() });
        }
        Ok(SharedSecret(secret.into()))
    }

    /// The secret that a file holds, without the line's end behind it.
    ///
    /// # Errors
    /// The file cannot be read, or its secret has fewer than [`SECRET_BYTES_MIN`] bytes.
    pub fn from_file(path: impl AsRef<Path>) -> Result<SharedSecret, SecretError> {
        let path = path.as_ref();
        let read = std::fs::read(path);
        let bytes =
            read.map_err(|error| SecretError::File { path: path.to_owned(), reason: error.to_string() })?;
        SharedSecret::new(bytes.trim_ascii_end())
    }

    /// The proof over these whole header frames, in the order in which they were sent.
    pub fn prove(&self, role: &str, prover: Prover, frames: &[&[u8]]) -> [u8; NONCE_BYTES] {
        let tag = hmac::sign(&self.key(role, prover), &frames.concat());
        tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
    }

    /// Whether `proof` is that proof. Takes the same time whatever is wrong with it.
    pub fn accepts(&self, role: &str, prover: Prover, frames: &[&[u8]], proof: &[u8]) -> bool {
        hmac::verify(&self.key(role, prover), &frames.concat(), proof).is_ok()
    }

    fn key(&self, role: &str, prover: Prover) -> hmac::Key {
        let direction = match prover {
            Prover::Peer => "peer-proof",
            Prover::Master => "master-proof",
        };
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand_multi_info(
                &[b"powerhose/auth/v1/", role.as_bytes(), b"/", direction.as_bytes()],
                &mut key,
            )
            .expect("32 bytes are a length that HKDF-SHA256 gives");
        hmac::Key::new(hmac::HMAC_SHA256, &key)
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// Numbers that are used once and that nobody can foresee who does not know the seed.
#[derive(Clone)]
pub struct NonceSource {
    key: hmac::Key,
    count: u64,
}

impl NonceSource {
    /// A source whose seed is 32 random bytes.
    pub fn new(seed: [u8; NONCE_BYTES]) -> NonceSource {
        NonceSource { key: hmac::Key::new(hmac::HMAC_SHA256, &seed), count: 0 }
    }

    /// The next one.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and nobody iterates over nonces")]
    pub fn next(&mut self) -> [u8; NONCE_BYTES] {
        self.count += 1;
        let tag = hmac::sign(&self.key, &self.count.to_be_bytes());
        tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
    }
}

impl fmt::Debug for NonceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceSource(..)")
    }
}
