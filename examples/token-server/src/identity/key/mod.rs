//! Public keys as certificates and support documents write them, and whether a signature is theirs.
//!
//! The algorithm follows from the key alone; what a header says has to be the same.

mod dsa;
mod rsa;

use num_bigint::BigUint;
use serde_json::Value;
use thiserror::Error;

use self::dsa::DsaKey;
pub(super) use self::rsa::{RsaKey, RsaSize};
use super::encoding;

/// Digits that a number of a key may have: enough for 4096 bits, few enough to be read in no time.
const DIGITS_MAX: usize = 1300;

/// A key of an issuer or a user.
pub(super) enum PublicKey {
    /// PKCS#1 v1.5 with SHA-256.
    Rsa(RsaKey),
    /// With p of 1024 bits and q of 160 (SHA-1), or of 2048 and 256 (SHA-256).
    Dsa(DsaKey),
}

/// Why this is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum KeyError {
    /// A number is missing or none, or impossible.
    #[error("the key is malformed")]
    Malformed,
    /// Neither RSA nor DSA, or of another size.
    #[error("a key of this kind or size is not known")]
    Unsupported,
}

impl PublicKey {
    /// Reads a key: decimal (RSA) or hexadecimal (DSA) numbers beside `algorithm`, base64url ones beside `kty`.
    pub(super) fn parse(key: &Value) -> Result<Self, KeyError> {
        let is_jwk = text(key, "kty").is_some();
        let number = |name: &str, radix| -> Result<BigUint, KeyError> {
            let digits =
                text(key, name).filter(|digits| digits.len() <= DIGITS_MAX).ok_or(KeyError::Malformed)?;
            let number = match is_jwk {
                true => encoding::decode(digits).map(|bytes| BigUint::from_bytes_be(&bytes)),
                false if digits.starts_with('+') => None,
                false => BigUint::parse_bytes(digits.as_bytes(), radix),
            };
            number.ok_or(KeyError::Malformed)
        };
        match text(key, "algorithm").or(text(key, "kty")) {
            Some("RS" | "RSA") => Ok(Self::Rsa(RsaKey::new(number("n", 10)?, &number("e", 10)?)?)),
            Some("DS" | "DSA") => {
                let [p, q, g, y] = [number("p", 16)?, number("q", 16)?, number("g", 16)?, number("y", 16)?];
                Ok(Self::Dsa(DsaKey::new(&p, &q, &g, &y)?))
            }
            Some(_) => Err(KeyError::Unsupported),
            None => Err(KeyError::Malformed),
        }
    }

    /// The algorithm's name, as a header has to say it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(key) => match key.size() {
                RsaSize::Bits512 => "RS64",
                RsaSize::Bits1024 => "RS128",
                RsaSize::Bits2048 => "RS256",
            },
            Self::Dsa(key) => key.algorithm(),
        }
    }

    /// Whether nobody can compute the private key today with reasonable means.
    pub(super) fn is_strong(&self) -> bool {
        match self {
            Self::Rsa(key) => key.size() == RsaSize::Bits2048,
            Self::Dsa(_) => true,
        }
    }

    /// Whether the key's owner signed this.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => key.verifies(signed, signature),
            Self::Dsa(key) => key.verifies(signed, signature),
        }
    }
}

fn text<'a>(key: &'a Value, name: &str) -> Option<&'a str> {
    key.get(name).and_then(Value::as_str)
}

/// The bytes with zeros in front, `LENGTH` in all; `None` where there are more.
fn padded<const LENGTH: usize>(bytes: &[u8]) -> Option<[u8; LENGTH]> {
    let mut padded = [0; LENGTH];
    padded[LENGTH.checked_sub(bytes.len())?..].copy_from_slice(bytes);
    Some(padded)
}

#[cfg(test)]
mod tests;
