//! JSON Web Tokens (RFC 7519) in the compact form, signed by a private key.
//!
//! Never believes the header: a token is checked only with keys whose one algorithm is the one it names, so
//! `none` and every exchange of algorithms fail.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::claims::{self, Claims, Lifetimes};
use crate::encoding::{decode_unpadded, encode_unpadded};
use crate::error::{ClaimError, SignError, VerifyError};
use crate::key::{Algorithm, SigningKey};
use crate::keyring::{Issued, Verified};
use crate::random::{self, Random};
use crate::seal;
use crate::secret::Secret;

const EXPIRES: &str = "exp";
const NOT_BEFORE: &str = "nbf";
const ISSUED_AT: &str = "iat";
const IDENTIFIER: &str = "jti";

/// Completes, seals and signs the claims.
pub(crate) fn sign(
    mut claims: Claims,
    key: &SigningKey,
    secret: &Secret,
    lifetimes: Lifetimes,
    random: &dyn Random,
    now: Duration,
) -> Result<Issued, SignError> {
    let expires = claims::settle_expiry(&mut claims, EXPIRES, now, lifetimes)?;
    claims.entry(ISSUED_AT).or_insert_with(|| now.as_secs().into());
    if !claims.contains_key(IDENTIFIER) {
        let fresh: [u8; 16] =
            random::bytes(random).map_err(|_| SignError::Internal("the system gave no random bytes"))?;
        claims.insert(IDENTIFIER.to_owned(), Value::String(random::hexadecimal(&fresh)));
    }
    check_types(&claims)?;
    seal::seal(&mut claims, secret, random)?;
    let payload = claims::write_payload(claims)?;
    let header = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, key.algorithm());
    let mut token = format!("{}.{}", encode_unpadded(header.as_bytes()), encode_unpadded(&payload));
    let signature = key.sign(token.as_bytes()).ok_or(SignError::Internal("the key did not sign"))?;
    token.push('.');
    token.push_str(&encode_unpadded(&signature));
    Ok(Issued { token, secret: None, expires })
}

/// Checks the token and opens its sealed part. Any of the keys may have signed it, any of the secrets sealed
/// it.
pub(crate) fn verify(
    token: &str,
    keys: &[SigningKey],
    secrets: &[Secret],
    now: Duration,
) -> Result<Verified, VerifyError> {
    let malformed = VerifyError::Malformed("a JWT has three parts");
    let (message, signature) = token.rsplit_once('.').ok_or(malformed.clone())?;
    let (header, payload) = message.split_once('.').ok_or(malformed.clone())?;
    if payload.contains('.') {
        return Err(malformed);
    }
    let algorithm = algorithm(&decode_unpadded(header)?)?;
    let payload = decode_unpadded(payload)?;
    let signature = decode_unpadded(signature)?;
    let mut candidates = keys.iter().filter(|key| key.algorithm() == algorithm).peekable();
    candidates.peek().ok_or(VerifyError::AlgorithmMismatch)?;
    if !candidates.any(|key| key.verifies(message.as_bytes(), &signature)) {
        return Err(VerifyError::Tampered);
    }
    let mut claims = claims::parse(&payload)?;
    check_types(&claims)?;
    claims::check_expiry(&claims, EXPIRES, now)?;
    if claims.contains_key(NOT_BEFORE) && claims::seconds(&claims, NOT_BEFORE)? > now.as_secs_f64() {
        return Err(VerifyError::NotYetValid);
    }
    seal::open(&mut claims, secrets.iter())?;
    Ok(Verified { claims, secret: None, algorithm: Some(algorithm) })
}

/// The algorithm that the header names, if it is one that we know.
fn algorithm(header: &[u8]) -> Result<Algorithm, VerifyError> {
    let header: Map<String, Value> =
        serde_json::from_slice(header).map_err(|_| VerifyError::Malformed("the header is no JSON object"))?;
    // RFC 7515, 4.1.11: whoever does not understand what is listed here must refuse, and we understand none.
    if header.contains_key("crit") {
        return Err(VerifyError::Malformed("the header demands an extension"));
    }
    let name = header.get("alg").and_then(Value::as_str);
    let name = name.ok_or(VerifyError::Malformed("the header names no algorithm"))?;
    name.parse().map_err(|_| VerifyError::AlgorithmMismatch)
}

/// Checks the claims that have a meaning, `exp` apart.
fn check_types(claims: &Claims) -> Result<(), ClaimError> {
    for name in [ISSUED_AT, NOT_BEFORE] {
        if claims.contains_key(name) {
            claims::seconds(claims, name)?;
        }
    }
    match claims.get(IDENTIFIER) {
        None | Some(Value::String(_)) => Ok(()),
        Some(_) => Err(ClaimError { name: IDENTIFIER, expected: "a string" }),
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
