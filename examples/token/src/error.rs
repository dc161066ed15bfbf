//! Why a token is not made, and why a token is not believed: one variant for each reason.
//!
//! Never carries a claim's value, a token or a secret: these texts reach logs and strangers.

use thiserror::Error;

use crate::key::Algorithm;

/// A claim that has the wrong type or an impossible value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the claim {name:?} must be {expected}")]
pub struct ClaimError {
    /// The claim's name; always one that this crate gives a meaning, never a name the asker chose.
    pub name: &'static str,
    /// What it must be, to follow "must be".
    pub expected: &'static str,
}

/// Why claims are not signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignError {
    /// The claims are an array, a string, a number, `true`, `false` or `null`.
    #[error("the claims must be a JSON object")]
    NotAnObject,
    /// The written claims, sealed part included, are larger than a token may carry.
    #[error("the claims take {bytes} bytes, a token carries at most {limit}")]
    TooLarge {
        /// Bytes the claims take as ASCII JSON.
        bytes: usize,
        /// Bytes they may take.
        limit: usize,
    },
    /// Arrays and objects within arrays and objects, deeper than a token may carry.
    #[error("the claims are nested more than {limit} levels deep")]
    TooDeep {
        /// Levels they may have, the object of claims itself included.
        limit: usize,
    },
    /// A claim with a meaning has the wrong type.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The claims ask for a later expiry than the issuer grants.
    #[error("the claims ask for an expiry further ahead than the {limit_seconds} seconds that are granted")]
    LifetimeTooLong {
        /// The longest lifetime granted, in seconds.
        limit_seconds: u64,
    },
    /// The algorithm's name is not one that this crate signs with.
    #[error("unknown algorithm, expected EdDSA, ES256 or RS256 (or none given, for a tokenlib token)")]
    UnknownAlgorithm,
    /// No loaded key signs with the algorithm.
    #[error("no key for {0} is loaded")]
    NoKey(Algorithm),
    /// The system gave no random bytes, or the cryptography library refused a key that it had accepted.
    #[error("cannot sign: {0}")]
    Internal(&'static str),
}

impl SignError {
    /// A stable snake_case name for programs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::TooLarge { .. } => "claims_too_large",
            Self::TooDeep { .. } => "claims_too_deep",
            Self::Claim(_) => "bad_claim",
            Self::LifetimeTooLong { .. } => "lifetime_too_long",
            Self::UnknownAlgorithm => "unknown_algorithm",
            Self::NoKey(_) => "no_key",
            Self::Internal(_) => "internal",
        }
    }
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// Longer than any token this crate makes.
    #[error("the token is longer than {limit} characters")]
    TooLong {
        /// Characters a token may have.
        limit: usize,
    },
    /// Not built like a token: a JWT without three parts, or whose header is no JSON object.
    #[error("not built like a token: {0}")]
    Malformed(&'static str),
    /// A character, or a number of characters, that URL-safe base64 never has.
    #[error("not URL-safe base64")]
    BadBase64,
    /// Base64 that a correct encoder spells in another way: padding missing or superfluous, unused bits set.
    #[error("base64 that is not in its one correct spelling")]
    NotCanonical,
    /// Too short to hold any claims and a signature.
    #[error("too short to hold claims and a signature")]
    Truncated,
    /// No secret or key of ours made this signature over these bytes.
    #[error("the signature does not belong to these bytes")]
    Tampered,
    /// The JWT names an algorithm that no key of ours signs with, such as `none`.
    #[error("the token names an algorithm that no loaded key signs with")]
    AlgorithmMismatch,
    /// Correctly signed, but not a JSON object (in a tokenlib token: in ASCII), or nested too deep.
    #[error("correctly signed, but the payload is not {0}")]
    BadPayload(&'static str),
    /// Correctly signed, but a claim with a meaning is missing or has the wrong type.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The token's expiry is now or has passed.
    #[error("the token has expired")]
    Expired,
    /// The JWT's `nbf` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `private` is not what one of our secrets sealed.
    #[error("the sealed part does not open with any loaded secret")]
    SealBroken,
}

impl VerifyError {
    /// A stable snake_case name for programs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Malformed(_) => "malformed",
            Self::BadBase64 => "bad_base64",
            Self::NotCanonical => "not_canonical",
            Self::Truncated => "truncated",
            Self::Tampered => "tampered",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::BadPayload(_) => "bad_payload",
            Self::Claim(_) => "bad_claim",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::SealBroken => "seal_broken",
        }
    }
}
