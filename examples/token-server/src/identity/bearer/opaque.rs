//! Bearer tokens that are no JWT: whose they are, only their accounts server can say. Asks nobody itself.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{BearerRules, TOKEN_BYTES_MAX, demand_scope, identity};
use crate::identity::jws::malformed;
use crate::identity::{Claims, Identity, IdentityError, KeyId};

/// Whether a token can be verified nowhere but at its accounts server: it has not the three parts of a JWT.
#[must_use]
pub fn is_opaque(token: &str) -> bool {
    token.split('.').count() != 3
}

/// What an accounts server is asked at its `/v1/verify`.
///
/// # Errors
/// [`ErrorKind::Malformed`](crate::identity::ErrorKind::Malformed) where the token is too long, or not of printable letters.
pub fn question(token: &str) -> Result<String, IdentityError> {
    match token.len() <= TOKEN_BYTES_MAX && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(json!({"token": token}).to_string()),
        false => Err(malformed("the token is too long, or no token")),
    }
}

/// What it answers to a token that is good.
#[derive(Deserialize)]
struct Answer {
    user: String,
    #[serde(rename = "client_id")]
    _client: String,
    scope: Vec<String>,
    generation: Option<Value>,
}

/// Whose the token is, after the accounts server's answer.
///
/// # Errors
/// The answer is none, the token does not reach this service, or the account's claims are bad.
pub fn told(answer: &[u8], key_id: Option<&KeyId>, rules: &BearerRules) -> Result<Identity, IdentityError> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|_| malformed("the accounts server's answer is none"))?;
    demand_scope(answer.scope.iter().map(String::as_str), rules)?;
    let mut claims = Claims::from_iter([("sub".to_owned(), answer.user.into())]);
    claims.extend(answer.generation.map(|generation| ("fxa-generation".to_owned(), generation)));
    identity(&claims, key_id, rules)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ErrorKind;

    const SCOPE: &str = "https://identity.mozilla.com/apps/oldsync";

    fn tell(changes: Value) -> Result<Identity, ErrorKind> {
        let mut answer =
            json!({"user": "0123", "client_id": "c", "scope": ["profile", SCOPE], "generation": 7});
        answer.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let rules = BearerRules {
            email_domain: "accounts.example.org".into(),
            issuer: None,
            audience: None,
            scope: SCOPE.into(),
            leeway_seconds: 0,
        };
        let key_id = KeyId { keys_changed_at: 5, client_state: vec![0xaa] };
        told(answer.to_string().as_bytes(), Some(&key_id), &rules).map_err(|error| error.kind)
    }

    #[test]
    fn what_the_accounts_server_says_is_an_identity() {
        let identity = tell(json!({})).ok().unwrap();
        assert_eq!(identity.email, "0123@accounts.example.org");
        assert_eq!((identity.account.generation, identity.account.keys_changed_at), (Some(7), Some(5)));
        assert_eq!(tell(json!({"generation": null})).ok().unwrap().account.generation, Some(5));
    }

    #[test]
    fn an_answer_that_lacks_something_is_none() {
        for (changes, kind) in [
            (json!({"user": null}), ErrorKind::Malformed),
            (json!({"user": "a@b"}), ErrorKind::Malformed),
            (json!({"client_id": null}), ErrorKind::Malformed),
            (json!({"scope": SCOPE}), ErrorKind::Malformed),
            (json!({"scope": ["profile"]}), ErrorKind::Scope),
            (json!({"generation": "7"}), ErrorKind::Generation),
        ] {
            assert_eq!(tell(changes.clone()).err(), Some(kind), "{changes}");
        }
    }

    #[test]
    fn only_what_can_be_a_token_is_asked_about() {
        assert!(is_opaque("0123abcd") && is_opaque("a.b") && !is_opaque("a.b.c"));
        assert_eq!(question("ab\"c").ok().unwrap(), r#"{"token":"ab\"c"}"#);
        for none in ["a b", "ä", &"a".repeat(TOKEN_BYTES_MAX + 1)] {
            assert!(question(none).is_err());
        }
    }
}
