//! The keys of an accounts server: a JWK set (RFC 7517).

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use super::super::encoding;
use super::super::{ErrorKind, IdentityError};

/// Keys that a set may have.
const KEYS_MAX: usize = 32;

/// Bytes of the largest modulus: 8192 bits.
const MODULUS_BYTES_MAX: usize = 1024;

/// A set of keys; those of kinds that are not known here are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeySet {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set.
    ///
    /// # Errors
    /// [`ErrorKind::IssuerUnreachable`]: a server that gives something else cannot be asked.
    pub fn parse(document: &[u8]) -> Result<Self, IdentityError> {
        let bad = IdentityError::new(
            ErrorKind::IssuerUnreachable,
            "the keys of the accounts server are no JWK set",
        );
        let document: Value = serde_json::from_slice(document).map_err(|_| bad.clone())?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(bad)?;
        let is_known = |key: &&Value| VerificationKey::parse(key).is_some();
        Ok(Self { keys: keys.iter().filter(is_known).take(KEYS_MAX).cloned().collect() })
    }

    /// The keys that a token's header may mean: those of this name, or all where it names none.
    #[must_use]
    pub fn select(&self, name: Option<&str>) -> Vec<Value> {
        let is_meant = |key: &&Value| name.is_none_or(|name| key.get("kid").is_some_and(|kid| kid == name));
        self.keys.iter().filter(is_meant).cloned().collect()
    }
}

/// A key ready for use.
pub(super) enum VerificationKey {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// The point in its long form.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl VerificationKey {
    /// `None` where the key is not for signatures, or of a kind that is not known here.
    pub(super) fn parse(key: &Value) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(encoding::decode);
        let parsed = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let n: Vec<u8> = bytes("n")?.into_iter().skip_while(|byte| *byte == 0).collect();
                let e: Vec<u8> = bytes("e")?.into_iter().skip_while(|byte| *byte == 0).collect();
                let is_possible = (256..=MODULUS_BYTES_MAX).contains(&n.len()) && (1..=4).contains(&e.len());
                is_possible.then_some(Self::Rsa(RsaPublicKeyComponents { n, e }))?
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                (x.len() == 32 && y.len() == 32).then(|| Self::P256([vec![4], x, y].concat()))?
            }
            ("OKP", Some("Ed25519")) => Self::Ed25519(bytes("x").filter(|x| x.len() == 32)?),
            _ => return None,
        };
        let is_for_signatures = text("use").is_none_or(|usage| usage == "sig");
        let is_for_this = text("alg").is_none_or(|algorithm| algorithm == parsed.algorithm());
        (is_for_signatures && is_for_this).then_some(parsed)
    }

    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok(),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
            }
            Self::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(signed, signature).is_ok(),
        }
    }
}
