//! The job that the token workers do: a request's bytes in, a reply's bytes out.
//!
//! Never fails a job because a token is bad or claims cannot be signed: those are ordinary replies. A job
//! fails only where the request is none of ours or the system gives out.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use thiserror::Error;

use crate::claims::Claims;
use crate::error::SignError;
use crate::keyring::Keyring;
use crate::random::{Random, SystemSource};

/// What a worker is asked, as JSON. Holds claims and tokens, therefore without `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Make a token.
    Sign {
        /// A JSON object, or the reply is a refusal.
        claims: Value,
        /// A JWT's algorithm by its name; absent for a tokenlib token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alg: Option<String>,
    },
    /// Check a token.
    Verify {
        /// A tokenlib token or a JWT.
        token: String,
    },
}

impl Request {
    /// The request as a job's payload.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a JSON value has only string keys")
    }
}

/// What a worker answers, as JSON. Holds claims and secrets, therefore without `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The token.
    Signed {
        /// The token, ASCII.
        token: String,
        /// The secret derived from a tokenlib token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<String>,
        /// Seconds since 1970.
        expires: Number,
    },
    /// These claims are not signed, or not with this algorithm.
    Refused(Reason),
    /// The token is good.
    Valid {
        /// All claims, the private ones opened.
        claims: Claims,
        /// The secret derived from a tokenlib token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<String>,
        /// The JWT's algorithm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alg: Option<String>,
    },
    /// The token is not to be believed.
    Invalid(Reason),
}

impl Reply {
    /// Reads a worker's reply; `None` if it is none.
    #[must_use]
    pub fn from_payload(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }
}

/// Why not: a stable name for programs and a text for people. Neither holds anything from claims or tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Snake case.
    pub reason: String,
    /// One English sentence without a full stop.
    pub text: String,
}

/// Why the job itself failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {text}")]
pub struct HandlerError {
    /// A stable snake_case name.
    pub code: &'static str,
    /// For people; holds nothing from the request.
    pub text: String,
}

/// Does one job. `now` is the time since 1970.
///
/// # Errors
/// [`HandlerError`] `bad_request` where the payload is no [`Request`], `internal` where the system gives no
/// randomness.
pub fn handle(keyring: &Keyring, request: &[u8], now: Duration) -> Result<Vec<u8>, HandlerError> {
    let reply = answer(keyring, request, &SystemSource::new(), now)?;
    Ok(serde_json::to_vec(&reply).expect("a JSON value has only string keys"))
}

fn answer(
    keyring: &Keyring,
    request: &[u8],
    random: &dyn Random,
    now: Duration,
) -> Result<Reply, HandlerError> {
    let request = serde_json::from_slice(request).map_err(|error| {
        // serde's own text may quote the request, which holds secrets; the position does not.
        let text = format!("not a token request (near byte {})", error.column());
        HandlerError { code: "bad_request", text }
    })?;
    match request {
        Request::Sign { claims, alg } => sign(keyring, claims, alg.as_deref(), random, now),
        Request::Verify { token } => Ok(match keyring.verify(&token, now) {
            Ok(verified) => Reply::Valid {
                claims: verified.claims,
                secret: verified.secret,
                alg: verified.algorithm.map(|algorithm| algorithm.name().to_owned()),
            },
            Err(error) => {
                Reply::Invalid(Reason { reason: error.reason().to_owned(), text: error.to_string() })
            }
        }),
    }
}

fn sign(
    keyring: &Keyring,
    claims: Value,
    algorithm: Option<&str>,
    random: &dyn Random,
    now: Duration,
) -> Result<Reply, HandlerError> {
    let signed = match algorithm.map(str::parse).transpose() {
        Ok(algorithm) => keyring.sign(claims, algorithm, random, now),
        Err(_) => Err(SignError::UnknownAlgorithm),
    };
    match signed {
        Ok(issued) => {
            Ok(Reply::Signed { token: issued.token, secret: issued.secret, expires: issued.expires })
        }
        Err(error @ SignError::Internal(_)) => {
            Err(HandlerError { code: error.reason(), text: error.to_string() })
        }
        Err(error) => {
            Ok(Reply::Refused(Reason { reason: error.reason().to_owned(), text: error.to_string() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claims::Lifetimes;
    use crate::random::fixed::Broken;
    use crate::secret::Secret;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn keyring() -> Keyring {
        Keyring::new(vec![Secret::new(b"secret")], vec![], Lifetimes::default()).unwrap()
    }

    fn asked(request: Value) -> Value {
        let reply = handle(&keyring(), request.to_string().as_bytes(), NOW).unwrap();
        serde_json::from_slice(&reply).unwrap()
    }

    #[test]
    fn a_signed_token_verifies_to_the_same_claims_and_secret() {
        let signed = asked(json!({"sign": {"claims": {"uid": 5, "private": {"mail": "a@b"}}}}));
        let signed = &signed["signed"];
        assert_eq!(signed["expires"], 1_700_000_300);
        let valid = asked(json!({"verify": {"token": signed["token"]}}));
        let valid = &valid["valid"];
        assert_eq!(valid["claims"]["uid"], 5);
        assert_eq!(valid["claims"]["private"]["mail"], "a@b");
        assert_eq!(valid["secret"], signed["secret"]);
        assert!(valid.get("alg").is_none());
    }

    #[test]
    fn bad_tokens_and_claims_are_ordinary_replies() {
        let invalid = asked(json!({"verify": {"token": "!"}}));
        assert_eq!(invalid["invalid"]["reason"], "bad_base64");
        for (claims, alg, reason) in [
            (json!([]), json!(null), "not_an_object"),
            (json!({}), json!("EdDSA"), "no_key"),
            (json!({}), json!("none"), "unknown_algorithm"),
            (json!({"expires": "x"}), json!(null), "bad_claim"),
            (json!({"expires": 1e300}), json!(null), "lifetime_too_long"),
            (json!({"x": "y".repeat(9000)}), json!(null), "claims_too_large"),
        ] {
            let refused = asked(json!({"sign": {"claims": claims, "alg": alg}}));
            assert_eq!(refused["refused"]["reason"], reason);
        }
    }

    #[test]
    fn what_is_no_request_fails_the_job_without_an_echo() {
        for request in [&b"sesame"[..], b"", b"{\"sesame\":{}}", b"{\"sign\":\"sesame\"}", b"\xff"] {
            let error = handle(&keyring(), request, NOW).unwrap_err();
            assert_eq!(error.code, "bad_request");
            assert!(!error.text.contains("sesame"), "{error}");
        }
    }

    #[test]
    fn without_randomness_the_job_fails() {
        let request = Request::Sign { claims: json!({}), alg: None }.to_payload();
        let error = answer(&keyring(), &request, &Broken, NOW).err().unwrap();
        assert_eq!(error.code, "internal");
    }
}
