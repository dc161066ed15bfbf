//! Tokens as Mozilla's tokenlib 2.0 makes and reads them.
//!
//! A token is the padded URL-safe base64 of an ASCII JSON payload followed by its HMAC-SHA256. Never looks
//! into a payload before its signature is found good.

use std::time::Duration;

use ring::hmac;
use serde_json::Value;

use crate::claims::{self, Claims, Lifetimes};
use crate::derive::derive;
use crate::encoding::{decode_padded, encode_padded};
use crate::error::{ClaimError, SignError, VerifyError};
use crate::keyring::{Issued, Verified};
use crate::random::{self, Random};
use crate::seal;
use crate::secret::Secret;

const DERIVE: &[u8] = b"services.mozilla.com/tokenlib/v1/derive/";
const SIGNATURE_BYTES: usize = 32;
/// `{}`: no payload is shorter.
const SHORTEST_PAYLOAD: usize = 2;
const SALT: &str = "salt";
const EXPIRES: &str = "expires";

/// Completes, seals and signs the claims.
pub(crate) fn sign(
    mut claims: Claims,
    secret: &Secret,
    lifetimes: Lifetimes,
    random: &dyn Random,
    now: Duration,
) -> Result<Issued, SignError> {
    let expires = claims::settle_expiry(&mut claims, EXPIRES, now, lifetimes)?;
    let salt = settle_salt(&mut claims, random)?;
    seal::seal(&mut claims, secret, random)?;
    let mut bytes = claims::write_payload(claims)?;
    let signature = hmac::sign(secret.signing(), &bytes);
    bytes.extend_from_slice(signature.as_ref());
    let token = encode_padded(&bytes);
    let derived = derived_secret(secret, &salt, &token);
    Ok(Issued { token, secret: Some(derived), expires })
}

/// Checks the token and opens its sealed part. Any of the secrets may have signed it.
pub(crate) fn verify(token: &str, secrets: &[Secret], now: Duration) -> Result<Verified, VerifyError> {
    let bytes = decode_padded(token)?;
    if bytes.len() < SHORTEST_PAYLOAD + SIGNATURE_BYTES {
        return Err(VerifyError::Truncated);
    }
    let (payload, signature) = bytes.split_at(bytes.len() - SIGNATURE_BYTES);
    let secret = secrets
        .iter()
        .find(|secret| hmac::verify(secret.signing(), payload, signature).is_ok())
        .ok_or(VerifyError::Tampered)?;
    if !payload.is_ascii() {
        return Err(VerifyError::BadPayload("ASCII"));
    }
    let mut claims = claims::parse(payload)?;
    let salt = salt(&claims)?.to_owned();
    claims::check_expiry(&claims, EXPIRES, now)?;
    seal::open(&mut claims, [secret].into_iter())?;
    Ok(Verified { claims, secret: Some(derived_secret(secret, &salt, token)), algorithm: None })
}

fn settle_salt(claims: &mut Claims, random: &dyn Random) -> Result<String, SignError> {
    if !claims.contains_key(SALT) {
        let fresh: [u8; 3] =
            random::bytes(random).map_err(|_| SignError::Internal("the system gave no random bytes"))?;
        claims.insert(SALT.to_owned(), Value::String(random::hexadecimal(&fresh)));
    }
    Ok(salt(claims)?.to_owned())
}

/// The payload's salt. ASCII only: tokenlib encodes it so, and has no answer for any other.
fn salt(claims: &Claims) -> Result<&str, ClaimError> {
    claims
        .get(SALT)
        .and_then(Value::as_str)
        .filter(|salt| salt.is_ascii())
        .ok_or(ClaimError { name: SALT, expected: "a string of ASCII characters" })
}

fn derived_secret(secret: &Secret, salt: &str, token: &str) -> String {
    encode_padded(&derive(secret.bytes(), Some(salt.as_bytes()), &[DERIVE, token.as_bytes()]))
}

#[cfg(test)]
#[path = "tokenlib_tests.rs"]
mod tests;
