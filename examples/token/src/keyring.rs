//! All that tokens are signed and checked with: secrets, private keys, lifetimes.
//!
//! Never empty: there is always a secret, so tokenlib tokens and sealed claims always work.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use thiserror::Error;

use crate::claims::{self, Claims, Lifetimes, MAX_DEPTH, MAX_TOKEN_CHARACTERS};
use crate::encoding::{decode_padded, encode_padded};
use crate::error::{SignError, VerifyError};
use crate::jwt;
use crate::key::{Algorithm, SigningKey};
use crate::random::Random;
use crate::secret::Secret;
use crate::tokenlib;

/// A token just made. It is for its owner only, therefore without `Debug`.
pub struct Issued {
    /// The token itself, ASCII.
    pub token: String,
    /// The secret derived from a tokenlib token, padded URL-safe base64 of 32 bytes; a JWT has none.
    pub secret: Option<String>,
    /// When it expires, in seconds since 1970, as it stands in the token.
    pub expires: Number,
}

/// A token found good. Its sealed claims lie open here, therefore without `Debug`.
pub struct Verified {
    /// All claims, what was under `private` opened.
    pub claims: Claims,
    /// The secret derived from a tokenlib token, the same as when it was issued; a JWT has none.
    pub secret: Option<String>,
    /// What the JWT was signed with; `None` for a tokenlib token.
    pub algorithm: Option<Algorithm>,
}

/// Why a keyring cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// No secret was given.
    #[error("a keyring needs at least one secret")]
    NoSecret,
    /// The handed-over bytes are not what [`Keyring::to_bytes`] wrote.
    #[error("the handed-over keyring is damaged")]
    Damaged,
}

/// Secrets and keys, in the order in which they are preferred: the first one signs, all of them verify.
#[derive(Debug)]
pub struct Keyring {
    secrets: Vec<Secret>,
    keys: Vec<SigningKey>,
    lifetimes: Lifetimes,
}

/// What passes from the service to its workers, in base64. Without `Debug`: this is all there is to hide.
#[derive(Serialize, Deserialize)]
struct Written {
    secrets: Vec<String>,
    keys: Vec<String>,
    default_seconds: u64,
    longest_seconds: u64,
}

impl Keyring {
    /// Puts a keyring together. Of several keys with one algorithm, the first signs.
    ///
    /// # Errors
    /// [`KeyringError::NoSecret`]
    pub fn new(
        secrets: Vec<Secret>,
        keys: Vec<SigningKey>,
        lifetimes: Lifetimes,
    ) -> Result<Self, KeyringError> {
        if secrets.is_empty() { Err(KeyringError::NoSecret) } else { Ok(Self { secrets, keys, lifetimes }) }
    }

    /// Signs the claims: a tokenlib token, or a JWT where an algorithm is given.
    ///
    /// # Errors [`SignError`]; all of its variants except [`SignError::Internal`] are about the claims or the
    /// algorithm.
    pub fn sign(
        &self,
        claims: Value,
        algorithm: Option<Algorithm>,
        random: &dyn Random,
        now: Duration,
    ) -> Result<Issued, SignError> {
        let claims = claims::object(claims)?;
        let secret = self.secrets.first().expect("a keyring is never without a secret");
        let Some(algorithm) = algorithm else {
            return tokenlib::sign(claims, secret, self.lifetimes, random, now);
        };
        let key = self.keys.iter().find(|key| key.algorithm() == algorithm);
        let key = key.ok_or(SignError::NoKey(algorithm))?;
        jwt::sign(claims, key, secret, self.lifetimes, random, now)
    }

    /// Checks a token of either format; only a JWT has dots.
    ///
    /// # Errors
    /// [`VerifyError`]: the token is not to be believed.
    pub fn verify(&self, token: &str, now: Duration) -> Result<Verified, VerifyError> {
        if token.len() > MAX_TOKEN_CHARACTERS {
            return Err(VerifyError::TooLong { limit: MAX_TOKEN_CHARACTERS });
        }
        let verified = match token.contains('.') {
            true => jwt::verify(token, &self.keys, &self.secrets, now)?,
            false => tokenlib::verify(token, &self.secrets, now)?,
        };
        // Only now are the private claims open; another issuer with our secret may have other bounds.
        if verified.claims.values().any(|value| claims::depth(value) >= MAX_DEPTH) {
            return Err(VerifyError::BadPayload("free of too deep nesting"));
        }
        Ok(verified)
    }

    /// The whole keyring as bytes, secrets included: for a worker's eyes only.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let written = Written {
            secrets: self.secrets.iter().map(|secret| encode_padded(secret.bytes())).collect(),
            keys: self.keys.iter().map(|key| encode_padded(key.pkcs8())).collect(),
            default_seconds: self.lifetimes.default.as_secs(),
            longest_seconds: self.lifetimes.longest.as_secs(),
        };
        serde_json::to_vec(&written).expect("strings and integers always have a JSON form")
    }

    /// Reads what [`Keyring::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`KeyringError`]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyringError> {
        let written: Written = serde_json::from_slice(bytes).map_err(|_| KeyringError::Damaged)?;
        let decoded = |text: &String| decode_padded(text).map_err(|_| KeyringError::Damaged);
        let secret = |text: &String| Ok(Secret::new(&decoded(text)?));
        let key =
            |text: &String| SigningKey::from_file_content(&decoded(text)?).map_err(|_| KeyringError::Damaged);
        let lifetimes = Lifetimes {
            default: Duration::from_secs(written.default_seconds),
            longest: Duration::from_secs(written.longest_seconds),
        };
        let secrets = written.secrets.iter().map(secret).collect::<Result<_, KeyringError>>()?;
        Self::new(secrets, written.keys.iter().map(key).collect::<Result<_, _>>()?, lifetimes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::random::fixed::Fixed;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn keyring(secrets: &[&str]) -> Keyring {
        let secrets = secrets.iter().map(|secret| Secret::new(secret.as_bytes())).collect();
        Keyring::new(secrets, vec![], Lifetimes::default()).unwrap()
    }

    #[test]
    fn the_first_secret_signs_and_all_verify() {
        let old = keyring(&["old"]).sign(json!({"uid": 1, "private": 2}), None, &Fixed(1), NOW).unwrap();
        let rotated = keyring(&["new", "old"]);
        let verified = rotated.verify(&old.token, NOW).unwrap();
        assert_eq!(verified.secret, old.secret);
        assert_eq!(verified.claims["private"], 2);
        let new = rotated.sign(json!({}), None, &Fixed(1), NOW).unwrap();
        assert!(keyring(&["new"]).verify(&new.token, NOW).is_ok());
        assert!(matches!(keyring(&["old"]).verify(&new.token, NOW), Err(VerifyError::Tampered)));
        assert!(matches!(keyring(&["new"]).verify(&old.token, NOW), Err(VerifyError::Tampered)));
    }

    #[test]
    fn a_keyring_without_secret_is_refused() {
        assert_eq!(Keyring::new(vec![], vec![], Lifetimes::default()).unwrap_err(), KeyringError::NoSecret);
    }

    #[test]
    fn the_written_keyring_signs_the_same() {
        let pem = include_bytes!("../tests/keys/rfc8037-a1-eddsa.pem");
        let lifetimes = Lifetimes { default: Duration::from_secs(7), longest: Duration::from_secs(9) };
        let key = SigningKey::from_file_content(pem).unwrap();
        let first = Keyring::new(vec![Secret::new(&[0, 255])], vec![key], lifetimes).unwrap();
        let second = Keyring::from_bytes(&first.to_bytes()).unwrap();
        for algorithm in [None, Some(Algorithm::EdDsa)] {
            let token = |keyring: &Keyring| keyring.sign(json!({}), algorithm, &Fixed(1), NOW).unwrap().token;
            assert_eq!(token(&first), token(&second));
        }
        let too_long = second.sign(json!({"expires": 1_700_000_010}), None, &Fixed(1), NOW).err();
        assert_eq!(too_long, Some(SignError::LifetimeTooLong { limit_seconds: 9 }));
        assert_eq!(Keyring::from_bytes(b"{}").unwrap_err(), KeyringError::Damaged);
    }

    #[test]
    fn debug_shows_nothing_secret() {
        let text = format!("{:?}", keyring(&["sesame"]));
        assert!(text.contains("hidden") && !text.contains("sesame"), "{text}");
    }

    #[test]
    fn endless_tokens_are_refused_unread() {
        let token = "A".repeat(MAX_TOKEN_CHARACTERS + 1);
        let refused = keyring(&["secret"]).verify(&token, NOW).err();
        assert_eq!(refused, Some(VerifyError::TooLong { limit: MAX_TOKEN_CHARACTERS }));
    }
}
