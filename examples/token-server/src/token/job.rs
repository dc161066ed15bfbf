//! The jobs about tokens that workers do: a request's bytes in, a reply's bytes out.
//!
//! A bad token is an ordinary reply. A job fails only where the request is none of ours or the system gives out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use powerhose_example_token::claims::{Claims, Lifetimes, MAX_TOKEN_CHARACTERS};
use powerhose_example_token::error::VerifyError;
use powerhose_example_token::job::{HandlerError, Reason};
use powerhose_example_token::keyring::{Keyring as NodeKeyring, Verified};
use powerhose_example_token::random::SystemSource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::keyring::Keyring;
use super::payload::{self, Hashed, Holder};
use crate::hawk::{Checked, Presented};

/// The pool of these jobs.
pub const POOL: &str = "token";

/// Bytes of a signature, at the end of a token.
const SIGNATURE_BYTES: usize = 32;

/// What a worker is asked. Holds tokens, therefore without `Debug`.
#[derive(Serialize, Deserialize)]
pub struct Request {
    /// The keyring that it is to be done with.
    pub keyring: u64,
    /// What is to be done.
    pub task: Task,
}

/// What is to be done.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Make a token.
    Make {
        /// For whom.
        holder: Holder,
        /// Seconds that it lives.
        duration_seconds: u64,
    },
    /// Check a token.
    Verify {
        /// As it was received.
        token: String,
    },
    /// Check a request that is signed with a token's secret.
    Hawk(Presented),
}

/// What a worker answers. Holds secrets, therefore without `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The token is made.
    Made {
        /// ASCII.
        token: String,
        /// The secret that is derived from it.
        key: String,
        /// The account, hashed for metrics.
        hashed_fxa_uid: String,
    },
    /// The token is good.
    Valid {
        /// All claims, the private ones opened.
        claims: Claims,
        /// The secret that is derived from it.
        key: String,
    },
    /// The request is signed with the secret of a good token.
    Signed {
        /// The token's claims.
        claims: Claims,
    },
    /// It is, but long ago, or ahead of time. What follows lets the client correct its clock.
    Stale {
        /// Seconds since 1970.
        now: u64,
        /// Proof that the time is ours, by the token's secret.
        proof: String,
    },
    /// Token or signature are not to be believed.
    Invalid(Reason),
}

impl Request {
    /// The request as a job's payload.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a request has a JSON form")
    }

    /// Reads a job's payload.
    ///
    /// # Errors
    /// `bad_request`; the text says nothing of the payload, which holds secrets.
    pub fn from_payload(payload: &[u8]) -> Result<Request, HandlerError> {
        serde_json::from_slice(payload)
            .map_err(|_| HandlerError { code: "bad_request", text: "not a request about tokens".to_owned() })
    }
}

/// Does one job. `now` is the time since 1970.
///
/// # Errors
/// `internal` where the system gives no randomness, or a token would be too large.
pub fn handle(keyring: &Keyring, task: Task, now: Duration) -> Result<Reply, HandlerError> {
    match task {
        Task::Make { holder, duration_seconds } => make(keyring, &holder, duration_seconds, now),
        Task::Verify { token } => Ok(match verify(keyring, &token, now) {
            Ok((claims, key)) => Reply::Valid { claims, key },
            Err(error) => invalid(&error),
        }),
        Task::Hawk(presented) => Ok(match verify(keyring, presented.token(), now) {
            Ok((claims, key)) => match presented.check(key.as_bytes(), now) {
                Ok(Checked::Good) => Reply::Signed { claims },
                Ok(Checked::Stale { proof }) => Reply::Stale { now: now.as_secs(), proof },
                Err(fault) => {
                    Reply::Invalid(Reason { reason: fault.name().to_owned(), text: fault.to_string() })
                }
            },
            Err(error) => invalid(&error),
        }),
    }
}

fn make(
    keyring: &Keyring,
    holder: &Holder,
    duration_seconds: u64,
    now: Duration,
) -> Result<Reply, HandlerError> {
    let lifetime = Duration::from_secs(duration_seconds);
    let hashed = Hashed::new(keyring.metrics_secret.as_bytes(), holder);
    let claims = payload::claims(holder, &hashed, &keyring.form);
    let signed = node_keyring(keyring, &holder.node, lifetime)?.sign(
        Value::Object(claims),
        None,
        &SystemSource::new(),
        now,
    );
    let issued = signed.map_err(|error| HandlerError { code: "internal", text: error.to_string() })?;
    let key = issued.secret.expect("a token of tokenlib has a secret");
    Ok(Reply::Made { token: issued.token, key, hashed_fxa_uid: hashed.account })
}

/// A good token's claims, and the secret that is derived from it.
fn verify(keyring: &Keyring, token: &str, now: Duration) -> Result<(Claims, String), VerifyError> {
    let node = named_node(token)?;
    let secrets = keyring.masters.of_node(&node);
    let keyring = NodeKeyring::new(secrets, Vec::new(), Lifetimes::default())
        .expect("there are as many secrets as masters, and there is a master");
    let Verified { claims, secret, .. } = keyring.verify(token, now)?;
    // Only tokens with dots have none, and those were refused above: their base64 is bad.
    let key = secret.ok_or(VerifyError::BadBase64)?;
    Ok((payload::unsealed(claims), key))
}

/// The node that a token names, without belief: the signature is checked with that node's secret.
fn named_node(token: &str) -> Result<String, VerifyError> {
    if token.len() > MAX_TOKEN_CHARACTERS {
        return Err(VerifyError::TooLong { limit: MAX_TOKEN_CHARACTERS });
    }
    #[derive(Deserialize)]
    struct Named {
        node: String,
    }
    let bytes = URL_SAFE.decode(token).map_err(|_| VerifyError::BadBase64)?;
    let payload = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(VerifyError::Truncated)?;
    let named = serde_json::from_slice::<Named>(&bytes[..payload]);
    // Whoever changed a byte must not learn more than that it was changed.
    named.map(|named| named.node).map_err(|_| VerifyError::Tampered)
}

fn node_keyring(keyring: &Keyring, node: &str, lifetime: Duration) -> Result<NodeKeyring, HandlerError> {
    let lifetimes = Lifetimes { default: lifetime, longest: lifetime };
    NodeKeyring::new(keyring.masters.of_node(node), Vec::new(), lifetimes)
        .map_err(|error| HandlerError { code: "internal", text: error.to_string() })
}

fn invalid(error: &VerifyError) -> Reply {
    Reply::Invalid(Reason { reason: error.reason().to_owned(), text: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::super::keyring::tests::keyring;
    use super::super::payload::tests::holder;
    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn made(keyring: &Keyring) -> (String, String) {
        let task = Task::Make { holder: holder(), duration_seconds: 60 };
        match handle(keyring, task, NOW) {
            Ok(Reply::Made { token, key, .. }) => (token, key),
            _ => panic!("no token"),
        }
    }

    fn checked(keyring: &Keyring, token: &str, now: Duration) -> Result<(Claims, String), String> {
        match handle(keyring, Task::Verify { token: token.to_owned() }, now) {
            Ok(Reply::Valid { claims, key }) => Ok((claims, key)),
            Ok(Reply::Invalid(reason)) => Err(reason.reason),
            _ => panic!("no verdict"),
        }
    }

    #[test]
    fn a_token_says_whom_it_is_for_until_it_expires() {
        let keyring = keyring(&"a".repeat(32));
        let (token, key) = made(&keyring);
        let (claims, again) = checked(&keyring, &token, NOW + Duration::from_secs(59)).unwrap();
        assert_eq!(key, again);
        assert_eq!((&claims["uid"], &claims["fxa_kid"]), (&7.into(), &"0000000001234-qro".into()));
        assert_eq!(claims["expires"], 1_800_000_060);
        assert_eq!(checked(&keyring, &token, NOW + Duration::from_secs(60)).unwrap_err(), "expired");
    }

    #[test]
    fn the_last_master_signs_and_all_verify() {
        let (old, both) = (keyring(&"a".repeat(32)), format!("{}\n{}", "a".repeat(32), "b".repeat(32)));
        let (both, new) = (keyring(&both), keyring(&"b".repeat(32)));
        assert!(checked(&both, &made(&old).0, NOW).is_ok());
        assert!(checked(&new, &made(&both).0, NOW).is_ok());
        assert_eq!(checked(&old, &made(&both).0, NOW).unwrap_err(), "tampered");
    }

    #[test]
    fn sealed_claims_are_hidden_and_come_back() {
        let mut keyring = keyring(&"a".repeat(32));
        keyring.form.sealed = vec!["fxa_uid".to_owned()];
        let (token, _) = made(&keyring);
        let shown = String::from_utf8_lossy(&URL_SAFE.decode(&token).unwrap()).into_owned();
        assert!(!shown.contains("fxa_uid\":\"abc"), "{shown}");
        assert_eq!(checked(&keyring, &token, NOW).unwrap().0["fxa_uid"], "abc");
    }

    #[test]
    fn garbage_is_refused_by_name() {
        let keyring = keyring(&"a".repeat(32));
        for (token, reason) in [("!", "bad_base64"), ("", "truncated"), ("a.b.c", "bad_base64")] {
            assert_eq!(checked(&keyring, token, NOW).unwrap_err(), reason, "{token}");
        }
        assert_eq!(checked(&keyring, &"A".repeat(60), NOW).unwrap_err(), "tampered");
        assert_eq!(checked(&keyring, &"A".repeat(20_000), NOW).unwrap_err(), "too_long");
    }
}
