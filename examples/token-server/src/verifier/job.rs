//! The job of the workers in the pool [`POOL`]: one verification, with all that was fetched for it, and the token at once
//! where the web server could say beforehand whom it would be for.
//!
//! A verification needs no secret, no network and no clock: what it needs is in the payload. An identity that is not
//! believed is an ordinary reply; a job fails only where its payload is none of ours.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::identity::bearer::{self, BearerRules};
use crate::identity::browserid::{self, BrowserIdRules, Evidence};
use crate::identity::{Identity, IdentityError, KeyId};
use crate::token;

/// The pool that verifies.
pub const POOL: &str = "verify";

/// The layout of payloads and replies; a worker refuses another one.
const VERSION: u32 = 2;

/// The largest payload, in bytes: an assertion, the keys of a document, the rules.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// What a worker is asked, as JSON. Holds an assertion, therefore without `Debug`.
#[derive(Serialize, Deserialize)]
pub struct Request {
    version: u32,
    task: Task,
    ahead: Option<Ahead>,
}

/// A token to be made if the identity turns out to be the one that the credentials claim: then one job does it all.
#[derive(Serialize, Deserialize)]
pub struct Ahead {
    /// Whose record the token is made from. Nobody has verified it yet.
    pub claimed: Identity,
    /// The job that would follow.
    pub token: token::job::Request,
}

/// What to verify.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// A BrowserID assertion.
    BrowserId {
        /// As it came.
        assertion: String,
        /// Which assertions are believed.
        rules: BrowserIdRules,
        /// What the documents said.
        evidence: Evidence,
        /// Milliseconds since 1970.
        now: u64,
    },
    /// A bearer token.
    Bearer {
        /// As it came.
        token: String,
        /// Which keys the client has, if it said so.
        key_id: Option<KeyId>,
        /// Which tokens are believed.
        rules: BearerRules,
        /// The keys that the token's header may mean.
        keys: Vec<Value>,
        /// Seconds since 1970.
        now: u64,
    },
}

/// What a worker answers, as JSON. May hold a secret, therefore without `Debug`.
#[derive(Serialize, Deserialize)]
pub struct Reply {
    /// Who it is.
    pub identity: Result<Identity, IdentityError>,
    /// The token, where it was asked for, the identity is the claimed one, and it could be made.
    pub token: Option<token::job::Reply>,
}

/// Why the job itself fails; nothing of the payload is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a verification of version {VERSION}")]
pub struct BadRequest;

impl Request {
    /// Asks for this.
    #[must_use]
    pub fn new(task: Task, ahead: Option<Ahead>) -> Self {
        Self { version: VERSION, task, ahead }
    }

    /// The request as a job's payload.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a JSON value has only string keys")
    }
}

/// Does one job. The reply is a [`Reply`]. `make` makes tokens, or not: then somebody asks for it again, and is told why.
///
/// # Errors
/// [`BadRequest`] where the payload is too long or no [`Request`].
pub fn handle(
    payload: &[u8],
    make: impl FnOnce(token::job::Request) -> Option<token::job::Reply>,
) -> Result<Vec<u8>, BadRequest> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(BadRequest);
    }
    let request: Request = serde_json::from_slice(payload).map_err(|_| BadRequest)?;
    if request.version != VERSION {
        return Err(BadRequest);
    }
    let identity = match request.task {
        Task::BrowserId { assertion, rules, evidence, now } => {
            browserid::verify(&assertion, &rules, &evidence, now).and_then(browserid::Verified::into_identity)
        }
        Task::Bearer { token, key_id, rules, keys, now } => {
            bearer::verify(&token, key_id.as_ref(), &rules, &keys, now)
        }
    };
    // Not a word of what was claimed counts unless it is what was verified.
    let ahead = request.ahead.filter(|ahead| identity.as_ref().is_ok_and(|found| *found == ahead.claimed));
    let reply = Reply { token: ahead.and_then(|ahead| make(ahead.token)), identity };
    Ok(serde_json::to_vec(&reply).expect("a JSON value has only string keys"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::ErrorKind;
    use crate::identity::browserid::{Demands, Dialect};
    use crate::identity::maker::{KeyPair, bundle};

    fn reply(task: Task, ahead: Option<Ahead>) -> Reply {
        let make =
            |_| Some(token::job::Reply::Signed { claims: powerhose_example_token::claims::Claims::new() });
        serde_json::from_slice(&handle(&Request::new(task, ahead).to_payload(), make).unwrap()).unwrap()
    }

    fn answer(task: Task) -> Result<Identity, IdentityError> {
        let Reply { identity, token } = reply(task, None);
        assert!(token.is_none(), "nobody asked for it");
        identity
    }

    #[test]
    fn an_assertion_crosses_to_the_worker_and_its_identity_comes_back_with_a_token_only_for_itself() {
        let (issuer, user) = (KeyPair::ds128().unwrap(), KeyPair::ds128().unwrap());
        let certificate = json!({"iss": "example.org", "exp": 2000, "public-key": user.public(),
            "principal": {"email": "user@example.org"}, "fxa-generation": 5});
        let assertion = user.sign(&json!({"aud": "https://token.example.org", "exp": 1000})).unwrap();
        let ask = |now| Task::BrowserId {
            assertion: bundle(&issuer.sign(&certificate).unwrap(), &assertion),
            rules: BrowserIdRules {
                audiences: vec!["https://token.example.org".into()],
                dialect: Dialect::JavaScript,
                trusted_issuers: Vec::new(),
                fallback: None,
                demands: Demands::Strict,
            },
            evidence: Evidence {
                issuer_keys: Ok(vec![issuer.public().clone()]),
                authority: Ok("example.org".into()),
            },
            now,
        };
        let identity = answer(ask(1000)).ok().unwrap();
        assert_eq!((&*identity.email, identity.account.generation), ("user@example.org", Some(5)));
        assert_eq!(answer(ask(1001)).err().unwrap().kind, ErrorKind::Expired);

        let made = |claimed: &Identity, now| {
            let task = token::job::Task::Verify { token: String::new() };
            let token = token::job::Request { keyring: 1, task };
            reply(ask(now), Some(Ahead { claimed: claimed.clone(), token })).token.is_some()
        };
        let (mut other, mut younger) = (identity.clone(), identity.clone());
        other.email = "other@example.org".to_owned();
        younger.account.generation = Some(6);
        assert!(made(&identity, 1000), "it is who it claims to be");
        assert!(!made(&identity, 1001), "it is not believed");
        assert!(!made(&other, 1000) && !made(&younger, 1000), "it is somebody else");
    }

    #[test]
    fn a_bearer_token_crosses_to_the_worker_and_its_identity_comes_back() {
        let key = KeyPair::es256().unwrap();
        let header = json!({"typ": "at+jwt", "alg": "ES256"});
        let claims = json!({"sub": "u", "exp": 10, "client_id": "c", "scope": "s"});
        let identity = answer(Task::Bearer {
            token: key.sign_bearer(&header, &claims).unwrap(),
            key_id: Some(KeyId { keys_changed_at: 3, client_state: vec![1] }),
            rules: BearerRules {
                email_domain: "example.org".into(),
                issuer: None,
                audience: None,
                scope: "s".into(),
                leeway_seconds: 0,
            },
            keys: vec![key.jwk("k")],
            now: 9,
        });
        assert_eq!(identity.ok().unwrap().account.keys_changed_at, Some(3));
    }

    #[test]
    fn what_is_no_request_fails_the_job() {
        let long = vec![b' '; PAYLOAD_BYTES_MAX + 1];
        for payload in [&b""[..], b"{}", br#"{"version":1,"task":{}}"#, b"\xff", &long] {
            assert_eq!(handle(payload, |_| None), Err(BadRequest));
        }
    }
}
