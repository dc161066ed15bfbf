//! Bearer tokens of an accounts server: JWTs, signed with a key of its published set.
//!
//! [`key_name`] says, without verifying anything, which key is needed; [`verify`] decides with the keys that were found.

mod key;
mod opaque;
mod scope;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::key::KeySet;
use self::key::VerificationKey;
pub use self::opaque::{is_opaque, question, told};
use super::jws::{Jws, malformed};
use super::{AccountClaims, Claims, ErrorKind, Identity, IdentityError, KeyId};

/// The longest bearer token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8192;

/// The longest `sub`, in bytes.
const SUBJECT_BYTES_MAX: usize = 200;

/// Which bearer tokens are believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BearerRules {
    /// The host behind the `@` of the user's record: that of the accounts server's certificates, so that one person has
    /// one record either way.
    pub email_domain: String,
    /// What `iss` has to be; anything where it is absent.
    pub issuer: Option<String>,
    /// What `aud` has to be or to hold; anything, also nothing, where it is absent. Accounts servers put no good use to
    /// `aud`: the scope says what a token is for.
    pub audience: Option<String>,
    /// The scope that the token has to reach.
    pub scope: String,
    /// How far the accounts server's clock may be off, in seconds.
    pub leeway_seconds: u32,
}

/// The name of the key that a token needs; any key where it is absent. Nothing is verified.
///
/// # Errors
/// [`ErrorKind::Malformed`] for what is no JWT of an accounts server, [`ErrorKind::Algorithm`] for one with an algorithm
/// that is not known here.
pub fn key_name(token: &str) -> Result<Option<String>, IdentityError> {
    Ok(parse(token)?.header.get("kid").and_then(Value::as_str).map(str::to_owned))
}

/// Verifies a token with the keys that its header may mean. `now` is in seconds since 1970.
///
/// # Errors
/// What is wrong first: form, algorithm, signature, times, issuer, audience, scope, account.
pub fn verify(
    token: &str,
    key_id: Option<&KeyId>,
    rules: &BearerRules,
    keys: &[Value],
    now: u64,
) -> Result<Identity, IdentityError> {
    let token = parse(token)?;
    demand_signature(&token, keys)?;
    demand_time(&token.payload, rules, now as f64)?;
    demand_issuer_and_audience(&token.payload, rules)?;
    let text = |name| token.payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("client_id").ok_or(malformed("the token names no client"))?;
    demand_scope(text("scope").unwrap_or_default().split_ascii_whitespace(), rules)?;
    identity(&token.payload, key_id, rules)
}

/// Whose a token says that it is. Nothing is verified.
#[must_use]
pub fn claimed(token: &str, key_id: Option<&KeyId>, rules: &BearerRules) -> Option<Identity> {
    identity(&parse(token).ok()?.payload, key_id, rules).ok()
}

fn demand_scope<'a>(
    mut granted: impl Iterator<Item = &'a str>,
    rules: &BearerRules,
) -> Result<(), IdentityError> {
    match granted.any(|granted| scope::reaches(granted, &rules.scope)) {
        true => Ok(()),
        false => Err(IdentityError::new(ErrorKind::Scope, "the token does not reach this service")),
    }
}

fn identity(claims: &Claims, key_id: Option<&KeyId>, rules: &BearerRules) -> Result<Identity, IdentityError> {
    let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| is_user(subject));
    let subject = subject.ok_or(malformed("the token names no user"))?;
    let mut account = AccountClaims::read(claims)?;
    if let Some(key_id) = key_id {
        account.keys_changed_at = Some(key_id.keys_changed_at);
        account.generation = account.generation.or(account.keys_changed_at);
    }
    Ok(Identity { email: format!("{subject}@{}", rules.email_domain), account })
}

/// Takes a token apart that says of itself that it is an access token with a known algorithm.
fn parse(token: &str) -> Result<Jws<'_>, IdentityError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(malformed("the token is too long"));
    }
    let token = Jws::parse(token)?;
    let kind = token.header.get("typ").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if !matches!(kind.as_str(), "at+jwt" | "application/at+jwt") {
        return Err(malformed("the token is no access token"));
    }
    if token.header.contains_key("crit") {
        return Err(malformed("the token demands what is not known here"));
    }
    match token.algorithm() {
        Some("RS256" | "ES256" | "EdDSA") => Ok(token),
        _ => Err(ALGORITHM),
    }
}

const ALGORITHM: IdentityError =
    IdentityError::new(ErrorKind::Algorithm, "the header's algorithm is not that of a key");

fn demand_signature(token: &Jws<'_>, keys: &[Value]) -> Result<(), IdentityError> {
    let keys: Vec<VerificationKey> = keys.iter().filter_map(VerificationKey::parse).collect();
    let mut fitting = keys.iter().filter(|key| token.algorithm() == Some(key.algorithm())).peekable();
    if fitting.peek().is_none() && !keys.is_empty() {
        return Err(ALGORITHM);
    }
    let signature = token.signature().unwrap_or_default();
    match fitting.any(|key| key.verifies(token.signed, &signature)) {
        true => Ok(()),
        false => Err(IdentityError::new(ErrorKind::Signature, "no key of the accounts server signed this")),
    }
}

fn demand_time(claims: &Claims, rules: &BearerRules, now: f64) -> Result<(), IdentityError> {
    let leeway = f64::from(rules.leeway_seconds);
    let expires = claims.get("exp").and_then(Value::as_f64).ok_or(malformed("the token has no expiry"))?;
    if expires + leeway <= now {
        return Err(IdentityError::new(ErrorKind::Expired, "expired by our clock"));
    }
    match claims.get("nbf").map(Value::as_f64) {
        None => Ok(()),
        Some(Some(begins)) if begins <= now + leeway => Ok(()),
        Some(Some(_)) => Err(IdentityError::new(ErrorKind::IssuedLater, "valid only later by our clock")),
        Some(None) => Err(malformed("nbf is no number")),
    }
}

fn demand_issuer_and_audience(claims: &Claims, rules: &BearerRules) -> Result<(), IdentityError> {
    let is_said = |name: &str, wanted: &str| match claims.get(name) {
        Some(Value::Array(values)) if name == "aud" => values.iter().any(|value| value == wanted),
        value => value.is_some_and(|value| value == wanted),
    };
    if rules.issuer.as_ref().is_some_and(|issuer| !is_said("iss", issuer)) {
        return Err(IdentityError::new(ErrorKind::Issuer, "made by another server"));
    }
    if rules.audience.as_ref().is_some_and(|audience| !is_said("aud", audience)) {
        return Err(IdentityError::new(ErrorKind::Audience, "made for another server"));
    }
    Ok(())
}

/// Whether `sub` can stand before the `@`.
fn is_user(subject: &str) -> bool {
    !subject.is_empty()
        && subject.len() <= SUBJECT_BYTES_MAX
        && subject.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
}

#[cfg(test)]
mod tests;
