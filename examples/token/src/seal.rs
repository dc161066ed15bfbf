//! Sealing: the claims under `private` are encrypted with AES-256-GCM before a token is signed.
//!
//! Never uses one key twice: each seal has a key of its own, derived with a fresh random salt. The value is
//! the padded URL-safe base64 of salt (16 bytes), nonce (12), ciphertext and tag (16).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::Value;

use crate::claims;
use crate::derive::derive;
use crate::encoding::{decode_padded, encode_padded};
use crate::error::{SignError, VerifyError};
use crate::random::{self, Random};
use crate::secret::Secret;

/// The claim that is sealed.
pub(crate) const PRIVATE: &str = "private";

const INFO: &[u8] = b"powerhose/token/seal/v1";
const SALT_BYTES: usize = 16;

/// Seals what stands under `private`, if anything does.
pub(crate) fn seal(
    claims: &mut claims::Claims,
    secret: &Secret,
    random: &dyn Random,
) -> Result<(), SignError> {
    let Some(value) = claims.get_mut(PRIVATE) else { return Ok(()) };
    let no_randomness = |_| SignError::Internal("the system gave no random bytes");
    let salt: [u8; SALT_BYTES] = random::bytes(random).map_err(no_randomness)?;
    let nonce: [u8; NONCE_LEN] = random::bytes(random).map_err(no_randomness)?;
    let mut text = claims::write(value);
    key(secret, &salt)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
        .map_err(|_| SignError::Internal("the private claims are too large to seal"))?;
    *value = Value::String(encode_padded(&[&salt[..], &nonce[..], &text].concat()));
    Ok(())
}

/// Opens what stands under `private`, if anything does, with the first of the secrets that fits.
pub(crate) fn open<'a>(
    claims: &mut claims::Claims,
    mut secrets: impl Iterator<Item = &'a Secret>,
) -> Result<(), VerifyError> {
    let Some(value) = claims.get_mut(PRIVATE) else { return Ok(()) };
    let sealed = value.as_str().and_then(|text| decode_padded(text).ok()).ok_or(VerifyError::SealBroken)?;
    *value = secrets.find_map(|secret| opened(&sealed, secret)).ok_or(VerifyError::SealBroken)?;
    Ok(())
}

fn opened(sealed: &[u8], secret: &Secret) -> Option<Value> {
    let (salt, rest) = sealed.split_at_checked(SALT_BYTES)?;
    let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = ciphertext.to_vec();
    let text = key(secret, salt).open_in_place(nonce, Aad::empty(), &mut text).ok()?;
    serde_json::from_slice(text).ok()
}

fn key(secret: &Secret, salt: &[u8]) -> LessSafeKey {
    let bytes = derive(secret.bytes(), Some(salt), &[INFO]);
    LessSafeKey::new(
        UnboundKey::new(&AES_256_GCM, &bytes).expect("a derived key has the 32 bytes of AES-256"),
    )
}

#[cfg(test)]
mod tests {
    use std::iter;

    use serde_json::json;

    use super::*;
    use crate::random::SystemSource;
    use crate::random::fixed::{Broken, Fixed};

    fn sealed(private: Value, random: &dyn Random) -> claims::Claims {
        let mut claims = claims::object(json!({"uid": 7, "private": private})).unwrap();
        seal(&mut claims, &Secret::new(b"first"), random).unwrap();
        claims
    }

    #[test]
    fn any_json_value_opens_again() {
        for private in
            [json!({"mail": "Zoë@example.org"}), json!("text"), json!(null), json!([1, 2.5]), json!({})]
        {
            let mut claims = sealed(private.clone(), &SystemSource::new());
            assert!(claims["private"].is_string() && claims["uid"] == 7);
            open(&mut claims, [Secret::new(b"second"), Secret::new(b"first")].iter()).unwrap();
            assert_eq!(claims["private"], private);
        }
    }

    #[test]
    fn the_value_is_salt_nonce_ciphertext_and_tag() {
        let claims = sealed(json!("abc"), &Fixed(9));
        let bytes = decode_padded(claims["private"].as_str().unwrap()).unwrap();
        assert_eq!(bytes.len(), 16 + 12 + r#""abc""#.len() + 16);
        assert_eq!(bytes[..28], [9; 28]);
    }

    #[test]
    fn two_seals_of_the_same_claims_share_nothing() {
        let source = SystemSource::new();
        assert_ne!(sealed(json!("abc"), &source)["private"], sealed(json!("abc"), &source)["private"]);
    }

    #[test]
    fn every_changed_byte_and_every_cut_keeps_it_shut() {
        let good = decode_padded(sealed(json!("abc"), &Fixed(9))["private"].as_str().unwrap()).unwrap();
        let secret = Secret::new(b"first");
        assert_eq!(opened(&good, &secret), Some(json!("abc")));
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            assert_eq!(opened(&bad, &secret), None, "byte {index}");
            assert_eq!(opened(&good[..index], &secret), None, "cut at {index}");
        }
    }

    #[test]
    fn what_was_never_sealed_does_not_open() {
        for private in [json!({"plain": 1}), json!("plain"), json!(""), json!(null)] {
            let mut claims = claims::object(json!({"private": private})).unwrap();
            assert_eq!(open(&mut claims, iter::once(&Secret::new(b"first"))), Err(VerifyError::SealBroken));
        }
    }

    #[test]
    fn without_randomness_nothing_is_sealed() {
        let mut claims = claims::object(json!({"private": 1})).unwrap();
        assert!(matches!(seal(&mut claims, &Secret::new(b"first"), &Broken), Err(SignError::Internal(_))));
    }
}
