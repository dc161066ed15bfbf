//! Replays files of test vectors: assertions with documents, and what the real libraries made of them.

use std::collections::HashMap;
use std::fmt;
use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identity::browserid::{
    BrowserIdRules, Demands, Dialect, Plan, Question, Source, SupportDocument, Verified, verify,
};
use crate::identity::{ErrorKind, IdentityError};

/// The library whose rules are ours.
const LIBRARY: &str = "browserid-local-verify 0.5.2";

/// A file of vectors.
#[derive(Deserialize)]
pub struct Vectors {
    /// The vectors in their order.
    pub cases: Vec<Case>,
}

/// One assertion, with all that is needed to judge it.
#[derive(Deserialize)]
pub struct Case {
    /// Unique in its file.
    pub name: String,
    assertion: String,
    audience: String,
    now_ms: u64,
    #[serde(default)]
    support_documents: HashMap<String, Value>,
    #[serde(default)]
    trusted_issuers: Vec<String>,
    #[serde(default)]
    fallback: Option<String>,
    /// What both libraries made of it; two kinds or null where they differ.
    #[serde(default)]
    expected: Value,
    /// What each library made of it.
    #[serde(default)]
    results: HashMap<String, Value>,
}

impl Case {
    /// Judges the assertion as the JavaScript library would.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn replay(&self) -> Result<Verified, IdentityError> {
        let rules = BrowserIdRules {
            audiences: vec![self.audience.clone()],
            dialect: Dialect::JavaScript,
            trusted_issuers: self.trusted_issuers.clone(),
            fallback: self.fallback.clone(),
            demands: Demands::AsLibraries,
        };
        let plan = Plan::read(&self.assertion)?;
        let evidence = plan.evidence(&rules, self);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(evidence) = pin!(evidence).poll(&mut context) else {
            unreachable!("the file's documents are not waited for")
        };
        verify(&self.assertion, &rules, &evidence, self.now_ms)
    }

    /// Whether the file says the same.
    #[must_use]
    pub fn agrees(&self, result: &Result<Verified, IdentityError>) -> bool {
        let expected = match &self.expected {
            Value::Null => self.results.get(LIBRARY).unwrap_or(&Value::Null),
            expected => expected,
        };
        match result {
            Ok(verified) => expected.get("ok").is_some_and(|ok| is_told(ok, verified)),
            Err(error) => expected_kind(expected).is_some_and(|kind| kind == error.kind.name()),
        }
    }
}

impl Source for Case {
    async fn document(&self, question: &Question) -> Result<SupportDocument, IdentityError> {
        let missing = IdentityError::new(ErrorKind::Issuer, "the host has no document");
        self.support_documents.get(&question.host).ok_or(missing).and_then(SupportDocument::from_value)
    }
}

/// What a case came to, as a line of JSON. Holds an address, therefore without `Debug`.
#[derive(Serialize)]
pub struct Line<'a> {
    name: &'a str,
    #[serde(flatten)]
    outcome: Outcome<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<'a> {
    Ok {
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<&'a str>,
        issuer: &'a str,
        audience: &'a str,
    },
    Error(&'static str),
}

impl<'a> Line<'a> {
    /// The line of this case.
    #[must_use]
    pub fn new(name: &'a str, result: &'a Result<Verified, IdentityError>) -> Self {
        let outcome = match result {
            Ok(Verified { email, issuer, audience, .. }) => {
                Outcome::Ok { email: email.as_deref(), issuer, audience }
            }
            Err(error) => Outcome::Error(error.kind.name()),
        };
        Self { name, outcome }
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Whether the expected identity is this one, claims included.
fn is_told(expected: &Value, verified: &Verified) -> bool {
    let text = |name: &str| expected.get(name).and_then(Value::as_str);
    let claims = |name: &str| expected.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    text("email") == verified.email.as_deref()
        && text("issuer") == Some(&verified.issuer)
        && text("audience") == Some(&verified.audience)
        && is_same(&claims("idpClaims").into(), &verified.issuer_claims.clone().into())
        && is_same(&claims("userClaims").into(), &verified.user_claims.clone().into())
}

/// Whether two values are the same to JavaScript, which knows one kind of number: 14.0 is 14.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(name, value)| other.get(name).is_some_and(|other| is_same(value, other));
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => one == other,
    }
}

/// The kind that a result of both libraries (the second is ours), or of one of them, has.
fn expected_kind(expected: &Value) -> Option<&str> {
    match expected.get("kind").or(expected.get("error"))? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.get(1).and_then(Value::as_str),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_of_the_real_libraries_is_judged_as_the_javascript_side_does() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../tests/data/browserid-vectors.json")).unwrap();
        assert_eq!(vectors.cases.len(), 56);
        let disagreeing: Vec<String> = vectors
            .cases
            .iter()
            .map(|case| (case, case.replay()))
            .filter(|(case, result)| !case.agrees(result))
            .map(|(case, result)| Line::new(&case.name, &result).to_string())
            .collect();
        assert!(disagreeing.is_empty(), "{disagreeing:#?}");
    }

    #[test]
    fn numbers_are_compared_as_javascript_has_them() {
        let whole = serde_json::json!({"a": [14, {"b": 12_345_678_901_234_567_890_u64}], "c": "14"});
        let text = r#"{"a": [14.0, {"b": 12345678901234567000}], "c": "14"}"#;
        let mut other: Value = serde_json::from_str(text).unwrap();
        assert!(is_same(&whole, &other));
        other["a"][0] = 14.5.into();
        assert!(!is_same(&whole, &other));
        assert!(!is_same(&whole, &serde_json::json!({"a": []})));
    }
}
