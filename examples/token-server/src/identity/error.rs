//! Why an identity is not believed. Never carries an assertion, a claim's value or an address: these texts reach logs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use thiserror::Error;

/// What is wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ErrorKind {
    /// Not built as it should be, or a claim is missing.
    Malformed,
    /// The header's algorithm is not the key's, or nobody's.
    Algorithm,
    /// The signature does not belong to these bytes and this key.
    Signature,
    /// The assertion, its certificate or the bearer token has expired.
    Expired,
    /// Issued, or valid only from a time, ahead of our clock.
    IssuedLater,
    /// Made for another server.
    Audience,
    /// The issuer may not speak for the user, or has no usable document.
    Issuer,
    /// More than one certificate.
    Chain,
    /// The bearer token does not reach as far as this service.
    Scope,
    /// The account's generation is no whole number.
    Generation,
    /// The account's `fxa-keysChangedAt` is no whole number.
    KeysChangedAt,
    /// The session has not been verified by its user.
    SessionUnverified,
    /// The issuer could not be asked: the same assertion may be good in a moment.
    IssuerUnreachable,
}

impl ErrorKind {
    /// The kind's name, as vectors and metrics have it: small letters and dashes.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Why an identity is not believed, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{}: {text}", kind.name())]
pub struct IdentityError {
    /// For programs.
    pub kind: ErrorKind,
    /// For people: an English phrase that holds nothing of what was verified.
    pub text: Cow<'static, str>,
}

impl IdentityError {
    /// An error of this kind.
    #[must_use]
    pub const fn new(kind: ErrorKind, text: &'static str) -> Self {
        Self { kind, text: Cow::Borrowed(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_written_by_its_name() {
        for kind in [ErrorKind::IssuedLater, ErrorKind::Chain, ErrorKind::KeysChangedAt] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        let error = IdentityError::new(ErrorKind::Chain, "two certificates");
        assert_eq!(error.to_string(), "chain: two certificates");
    }
}
