//! Whether an assertion is to be believed. The order of the checks decides which of two faults is told.

use serde_json::Value;

use super::super::host::address_domain;
use super::super::jws::{Jws, malformed};
use super::super::key::{KeyError, PublicKey};
use super::super::{AccountClaims, Claims, ErrorKind, Identity, IdentityError};
use super::support::{bad, is_said};
use super::{BrowserIdRules, Bundle, Demands, Dialect, Evidence, address, issuer};

/// Claims with a meaning; all others are extra.
const RESERVED: [&str; 10] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "public-key", "pubkey", "principal"];

/// What a good assertion says. Holds an address, therefore without `Debug`.
#[derive(Clone, PartialEq)]
pub struct Verified {
    /// The user's address; may be absent with [`Demands::AsLibraries`] where the issuer is trusted.
    pub email: Option<String>,
    /// The host that vouches for it.
    pub issuer: String,
    /// The audience, as the assertion has it.
    pub audience: String,
    /// Extra claims of the certificate.
    pub issuer_claims: Claims,
    /// Extra claims of the assertion.
    pub user_claims: Claims,
}

impl Verified {
    /// The user.
    ///
    /// # Errors
    /// Those of [`AccountClaims::read`]; [`ErrorKind::Malformed`] without an address.
    pub fn into_identity(self) -> Result<Identity, IdentityError> {
        let account = AccountClaims::read(&self.issuer_claims)?;
        Ok(Identity { email: self.email.ok_or(NO_ADDRESS)?, account })
    }
}

const NO_ADDRESS: IdentityError = malformed("the certificate names no address");

/// Verifies an assertion with what the documents said. `now` is in milliseconds since 1970.
///
/// # Errors
/// What is wrong first, in the dialect's order.
pub fn verify(
    assertion: &str,
    rules: &BrowserIdRules,
    evidence: &Evidence,
    now: u64,
) -> Result<Verified, IdentityError> {
    let bundle = Bundle::parse(assertion)?;
    let check = Check { rules, evidence, now: now as f64 };
    match rules.dialect {
        Dialect::JavaScript => check.signatures_first(&bundle),
        Dialect::PyBrowserId => check.times_first(&bundle),
    }
}

struct Check<'a> {
    rules: &'a BrowserIdRules,
    evidence: &'a Evidence,
    now: f64,
}

impl Check<'_> {
    fn signatures_first(&self, bundle: &Bundle<'_>) -> Result<Verified, IdentityError> {
        let mut certificate = Jws::parse(bundle.certificates[0])?;
        let mut keys = self.issuer_keys()?;
        if bundle.certificates.len() > 1 && self.rules.demands == Demands::Strict {
            return Err(CHAIN);
        }
        for (place, next) in bundle.certificates.iter().enumerate() {
            if place > 0 {
                certificate = Jws::parse(next)?;
            }
            self.first_good(&keys, |key| self.signed_in_time(&certificate, key))?;
            keys = vec![self.user_key(&certificate)?];
        }
        let assertion = Jws::parse(bundle.assertion)?;
        self.first_good(&keys, |key| self.signed_in_time(&assertion, key))?;
        if bundle.certificates.len() > 1 {
            return Err(CHAIN);
        }
        self.audience(&assertion)?;
        self.may_speak(&certificate)?;
        self.verified(&certificate, &assertion)
    }

    fn times_first(&self, bundle: &Bundle<'_>) -> Result<Verified, IdentityError> {
        let assertion = Jws::parse(bundle.assertion)?;
        self.audience(&assertion)?;
        let [certificate] = bundle.certificates[..] else { return Err(CHAIN) };
        self.not_expired(&assertion)?;
        let certificate = Jws::parse(certificate)?;
        address(&certificate.payload).and_then(address_domain).ok_or(NO_ADDRESS)?;
        self.may_speak(&certificate)?;
        self.not_expired(&certificate)?;
        self.first_good(&self.issuer_keys()?, |key| signed(&certificate, key))?;
        signed(&assertion, &self.user_key(&certificate)?)?;
        self.verified(&certificate, &assertion)
    }

    /// The issuer's keys, each parsed once.
    fn issuer_keys(&self) -> Result<Vec<PublicKey>, IdentityError> {
        let keys = self.evidence.issuer_keys.as_ref().map_err(Clone::clone)?;
        let keys: Result<Vec<PublicKey>, KeyError> = keys.iter().map(PublicKey::parse).collect();
        let keys = keys.map_err(|_| bad("a key of the issuer is unusable"))?;
        match self.rules.demands {
            Demands::Strict if !keys.iter().all(PublicKey::is_strong) => Err(WEAK),
            _ if keys.is_empty() => Err(bad("the issuer speaks for nobody")),
            _ => Ok(keys),
        }
    }

    fn user_key(&self, certificate: &Jws<'_>) -> Result<PublicKey, IdentityError> {
        let key = certificate.payload.get("public-key").ok_or(malformed("the certificate has no key"))?;
        let key = PublicKey::parse(key).map_err(|error| match error {
            KeyError::Malformed => malformed("the user's key is malformed"),
            KeyError::Unsupported => WEAK,
        })?;
        match self.rules.demands {
            Demands::Strict if !key.is_strong() => Err(WEAK),
            _ => Ok(key),
        }
    }

    /// Tries one key after the other; where none is good, what the last one met is told.
    fn first_good(
        &self,
        keys: &[PublicKey],
        check: impl Fn(&PublicKey) -> Result<(), IdentityError>,
    ) -> Result<(), IdentityError> {
        let mut result = Err(bad("the issuer has no key"));
        for key in keys {
            result = check(key);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    fn signed_in_time(&self, object: &Jws<'_>, key: &PublicKey) -> Result<(), IdentityError> {
        signed(object, key)?;
        if instant(object.payload.get("iat")).is_some_and(|issued| issued > self.now) {
            return Err(IdentityError::new(ErrorKind::IssuedLater, "issued ahead of our clock"));
        }
        self.not_expired(object)
    }

    fn not_expired(&self, object: &Jws<'_>) -> Result<(), IdentityError> {
        let expires = object.payload.get("exp");
        let is_number = expires.is_some_and(Value::is_number);
        if !is_number && (self.rules.demands == Demands::Strict || self.rules.dialect == Dialect::PyBrowserId)
        {
            return Err(malformed("there is no expiry"));
        }
        match instant(expires) {
            Some(expires) if expires < self.now => {
                Err(IdentityError::new(ErrorKind::Expired, "expired by our clock"))
            }
            _ => Ok(()),
        }
    }

    fn audience(&self, assertion: &Jws<'_>) -> Result<(), IdentityError> {
        let theirs = assertion.payload.get("aud").and_then(Value::as_str);
        let is_ours =
            |theirs| self.rules.audiences.iter().any(|ours| self.rules.dialect.matches(ours, theirs));
        match theirs {
            Some(theirs) if is_ours(theirs) => Ok(()),
            Some(_) => Err(IdentityError::new(ErrorKind::Audience, "made for another server")),
            None if self.rules.dialect == Dialect::PyBrowserId => Err(malformed("there is no audience")),
            None => Err(IdentityError::new(ErrorKind::Audience, "made for no server")),
        }
    }

    /// Whether the issuer may speak for the address.
    fn may_speak(&self, certificate: &Jws<'_>) -> Result<(), IdentityError> {
        let issuer = issuer(&certificate.payload);
        if issuer.is_some_and(|issuer| self.rules.trusts(issuer)) {
            return Ok(());
        }
        address(&certificate.payload)
            .and_then(address_domain)
            .ok_or(malformed("without an address, and the issuer is not trusted"))?;
        match &self.evidence.authority {
            Ok(authority) if Some(authority.as_str()) == issuer => Ok(()),
            Err(error) if error.kind == ErrorKind::IssuerUnreachable => Err(error.clone()),
            _ => Err(bad("the issuer may not speak for the user's domain")),
        }
    }

    fn verified(&self, certificate: &Jws<'_>, assertion: &Jws<'_>) -> Result<Verified, IdentityError> {
        let email = address(&certificate.payload).map(str::to_owned);
        if self.rules.demands == Demands::Strict && email.is_none() {
            return Err(NO_ADDRESS);
        }
        let audience = assertion.payload.get("aud").and_then(Value::as_str).unwrap_or_default();
        Ok(Verified {
            email,
            issuer: issuer(&certificate.payload).ok_or(malformed("there is no issuer"))?.to_owned(),
            audience: audience.to_owned(),
            issuer_claims: extra(&certificate.payload),
            user_claims: extra(&assertion.payload),
        })
    }
}

const CHAIN: IdentityError = IdentityError::new(ErrorKind::Chain, "there is more than one certificate");
const WEAK: IdentityError = IdentityError::new(ErrorKind::Algorithm, "a key's kind or size is not allowed");

fn signed(object: &Jws<'_>, key: &PublicKey) -> Result<(), IdentityError> {
    if object.algorithm() != Some(key.algorithm()) {
        return Err(IdentityError::new(ErrorKind::Algorithm, "the header's algorithm is not the key's"));
    }
    match object.signature() {
        Some(signature) if key.verifies(object.signed, &signature) => Ok(()),
        _ => Err(IdentityError::new(ErrorKind::Signature, "the signature is not the key's")),
    }
}

/// A time in milliseconds as JavaScript reads it; `None` where it says nothing.
fn instant(claim: Option<&Value>) -> Option<f64> {
    let number = number(claim.filter(|claim| is_said(claim))?)?;
    (number.abs() <= 8.64e15).then_some(number.trunc())
}

/// What JavaScript makes of a value where it wants a number. A list is the text of its values with commas between.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => number_of_text(text.trim()),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::Null => Some(0.0),
        Value::Array(values) => match values.as_slice() {
            [] => Some(0.0),
            [Value::Bool(_)] => None,
            [value] => number(value),
            _ => None,
        },
        Value::Object(_) => None,
    }
}

fn number_of_text(text: &str) -> Option<f64> {
    let radix = match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ if text.is_empty() => return Some(0.0),
        _ => return text.parse().ok(),
    };
    // A sign may not follow. What is too long for 64 bits is too large for a time.
    let digits = text.get(2..).filter(|digits| !digits.starts_with('+'))?;
    u64::from_str_radix(digits, radix).ok().map(|number| number as f64)
}

/// What has no meaning of its own; members of the principal too, where the top level says nothing.
pub(super) fn extra(claims: &Claims) -> Claims {
    let is_extra = |name: &str| !RESERVED.contains(&name);
    let mut extra: Claims = claims
        .iter()
        .filter(|(name, _)| is_extra(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in claims.get("principal").and_then(Value::as_object).into_iter().flatten() {
        if is_extra(name) && name != "email" && !extra.get(name).is_some_and(is_said) {
            extra.insert(name.clone(), value.clone());
        }
    }
    extra
}
