//! Private keys for JWTs: each one signs with exactly one algorithm, and checks what it signed.
//!
//! Never lets a token choose the algorithm, and never shows the key in `Debug` or an error.

use std::fmt;
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use thiserror::Error;

use crate::key_file::{self, KeyKind};
pub use crate::key_file::{KeyError, MAX_KEY_FILE_BYTES, MIN_RSA_BITS};

/// What a JWT is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each.
    Es256,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The name in a JWT's header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Not the name of an [`Algorithm`]. Names are matched exactly, as in a JWT's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected EdDSA, ES256 or RS256")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Self::EdDsa, Self::Es256, Self::Rs256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

/// A private key that signs JWTs.
pub struct SigningKey {
    pkcs8: Box<[u8]>,
    pair: Pair,
    random: SystemRandom,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl SigningKey {
    /// Reads the content of a PKCS#8 file, PEM or DER, as openssl and others write it: an Ed25519 key, a
    /// P-256 key with its public half, or an RSA key of 2048 to 4096 bits.
    ///
    /// # Errors
    /// [`KeyError`] for everything else, with what to do about it.
    pub fn from_file_content(content: &[u8]) -> Result<Self, KeyError> {
        let pkcs8 = key_file::pkcs8(content)?;
        let random = SystemRandom::new();
        let refused = |rejected: ring::error::KeyRejected| KeyError::Refused(rejected.to_string());
        let pair = match key_file::kind(&pkcs8)? {
            // openssl leaves the public half out; it then follows from the private one.
            KeyKind::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).map_err(refused)?)
            }
            KeyKind::P256 => Pair::P256(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random)
                    .map_err(refused)?,
            ),
            KeyKind::Rsa => Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(&pkcs8).map_err(refused)?)),
        };
        Ok(Self { pkcs8: pkcs8.into(), pair, random })
    }

    /// The one algorithm this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Ed25519(_) => Algorithm::EdDsa,
            Pair::P256(_) => Algorithm::Es256,
            Pair::Rsa(_) => Algorithm::Rs256,
        }
    }

    /// The key in DER, for handing it to the workers.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Signs the message. `None`: the system gave no randomness or the key's arithmetic failed.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Pair::P256(pair) => Some(pair.sign(&self.random, message).ok()?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    /// Whether this key signed the message so.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let checked =
            match &self.pair {
                Pair::Ed25519(pair) => {
                    UnparsedPublicKey::new(&ED25519, pair.public_key()).verify(message, signature)
                }
                Pair::P256(pair) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key())
                    .verify(message, signature),
                Pair::Rsa(pair) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public())
                    .verify(message, signature),
            };
        checked.is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({}, hidden)", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{decode_unpadded, encode_unpadded};

    const RFC_7515_PAYLOAD: &str = "\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn\
        VlfQ";

    fn key(pem: &str) -> SigningKey {
        SigningKey::from_file_content(pem.as_bytes()).unwrap()
    }

    #[test]
    fn ed25519_signs_as_in_rfc_8037() {
        let key = key(include_str!("../tests/keys/rfc8037-a1-eddsa.pem"));
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let wanted = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(encode_unpadded(&key.sign(message).unwrap()), wanted);
        assert!(key.verifies(message, &decode_unpadded(wanted).unwrap()));
    }

    #[test]
    fn rs256_signs_as_in_rfc_7515() {
        let key = key(include_str!("../tests/keys/rfc7515-a2-rs256.pem"));
        let message = format!("eyJhbGciOiJSUzI1NiJ9.{RFC_7515_PAYLOAD}");
        let wanted = "\
            cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F\
            p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB\
            MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY\
            I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        assert_eq!(encode_unpadded(&key.sign(message.as_bytes()).unwrap()), wanted);
        assert!(key.verifies(message.as_bytes(), &decode_unpadded(wanted).unwrap()));
    }

    #[test]
    fn es256_checks_what_rfc_7515_signed_and_its_own() {
        let key = key(include_str!("../tests/keys/rfc7515-a3-es256.pem"));
        let message = format!("eyJhbGciOiJFUzI1NiJ9.{RFC_7515_PAYLOAD}");
        let given = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(key.verifies(message.as_bytes(), &decode_unpadded(given).unwrap()));
        let own = key.sign(message.as_bytes()).unwrap();
        assert_eq!(own.len(), 64);
        assert!(key.verifies(message.as_bytes(), &own));
        assert!(!key.verifies(b"another message", &own));
        assert!(!key.verifies(message.as_bytes(), &own[..63]));
    }

    #[test]
    fn der_is_read_like_pem() {
        for pem in [
            include_str!("../tests/keys/rfc8037-a1-eddsa.pem"),
            include_str!("../tests/keys/rfc7515-a3-es256.pem"),
            include_str!("../tests/keys/rfc7515-a2-rs256.pem"),
        ] {
            let from_pem = key(pem);
            let from_der = SigningKey::from_file_content(from_pem.pkcs8()).unwrap();
            assert!(from_der.verifies(b"message", &from_pem.sign(b"message").unwrap()));
        }
    }

    #[test]
    fn names_are_matched_exactly() {
        assert_eq!("EdDSA".parse(), Ok(Algorithm::EdDsa));
        for other in ["", "none", "eddsa", "HS256", "RS512", "ES256 "] {
            assert_eq!(other.parse::<Algorithm>(), Err(UnknownAlgorithm), "{other}");
        }
    }

    #[test]
    fn debug_names_the_algorithm_and_nothing_else() {
        let key = key(include_str!("../tests/keys/rfc8037-a1-eddsa.pem"));
        assert_eq!(format!("{key:?}"), "SigningKey(EdDSA, hidden)");
    }

    #[test]
    fn a_key_whose_halves_do_not_match_is_refused() {
        let mut der = key(include_str!("../tests/keys/rfc7515-a3-es256.pem")).pkcs8().to_vec();
        *der.last_mut().unwrap() ^= 1;
        assert!(matches!(SigningKey::from_file_content(&der), Err(KeyError::Refused(_))));
    }
}
