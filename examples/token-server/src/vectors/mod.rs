//! Replays files of test vectors: assertions with documents, and what the real libraries made of them.

mod text;

use std::collections::HashMap;
use std::fmt;
use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use self::text::Text;
use crate::identity::browserid::{
    BrowserIdRules, Demands, Dialect, Plan, Question, Source, SupportDocument, Verified, verify,
};
use crate::identity::{ErrorKind, IdentityError};

/// The library whose rules are ours.
const LIBRARY: &str = "browserid-local-verify 0.5.2";

/// The members of an object, unread: one that cannot be read takes nothing else with it.
type Members<'a> = HashMap<Text, &'a RawValue>;

/// A file of vectors.
pub struct Vectors<'a> {
    /// The vectors in their order.
    pub cases: Vec<Case<'a>>,
}

impl<'a> Vectors<'a> {
    /// Reads a file. Each case is read by itself: what is odd in one is its own matter.
    ///
    /// # Errors
    /// The file is no JSON, or has no list of cases.
    pub fn read(file: &'a str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct File<'a> {
            #[serde(borrow)]
            cases: Vec<&'a RawValue>,
        }
        let file: File<'a> = serde_json::from_str(file)?;
        let cases = file.cases.into_iter().enumerate().map(|(index, case)| Case::read(index + 1, case));
        Ok(Self { cases: cases.collect() })
    }
}

/// One assertion, with all that is needed to judge it.
pub struct Case<'a> {
    /// Unique in its file; the case's place there, as `#1`, if it names none.
    pub name: String,
    /// Absent where it cannot be read.
    asked: Option<Asked<'a>>,
    /// What both libraries made of it, or the one that is ours where they differ.
    expected: Members<'a>,
}

#[derive(Deserialize)]
struct Asked<'a> {
    assertion: Text,
    audience: Text,
    now_ms: u64,
    #[serde(default, borrow)]
    support_documents: Members<'a>,
    #[serde(default)]
    trusted_issuers: Vec<Text>,
    #[serde(default)]
    fallback: Option<Text>,
}

impl<'a> Case<'a> {
    fn read(place: usize, case: &'a RawValue) -> Self {
        let all = members(case);
        let name = all.get("name").and_then(|name| serde_json::from_str::<Text>(name.get()).ok());
        let by_ours = || Some(*members(all.get("results")?).get(LIBRARY)?);
        let expected = all.get("expected").copied().filter(|expected| expected.get() != "null");
        Self {
            name: name.map_or_else(|| format!("#{place}"), |name| name.0),
            asked: serde_json::from_str(case.get()).ok(),
            expected: expected.or_else(by_ours).map(members).unwrap_or_default(),
        }
    }

    /// Judges the assertion as the JavaScript library would.
    ///
    /// # Errors
    /// Why it is not believed; a case that cannot be read is [`ErrorKind::Malformed`].
    pub fn replay(&self) -> Result<Verified, IdentityError> {
        let unreadable = const { IdentityError::new(ErrorKind::Malformed, "the case cannot be read") };
        self.asked.as_ref().ok_or(unreadable)?.replay()
    }

    /// Whether the file says the same.
    #[must_use]
    pub fn agrees(&self, result: &Result<Verified, IdentityError>) -> bool {
        match result {
            Ok(verified) => {
                let expected = self.expected.get("ok").and_then(|ok| serde_json::from_str(ok.get()).ok());
                expected.is_some_and(|expected| is_told(&expected, verified))
            }
            Err(error) => expected_kind(&self.expected).is_some_and(|kind| kind == error.kind.name()),
        }
    }
}

/// What an object holds; nothing where this is none.
fn members(object: &RawValue) -> Members<'_> {
    serde_json::from_str(object.get()).unwrap_or_default()
}

impl Asked<'_> {
    fn replay(&self) -> Result<Verified, IdentityError> {
        let rules = BrowserIdRules {
            audiences: vec![self.audience.0.clone()],
            dialect: Dialect::JavaScript,
            trusted_issuers: self.trusted_issuers.iter().map(|issuer| issuer.0.clone()).collect(),
            fallback: self.fallback.as_ref().map(|fallback| fallback.0.clone()),
            demands: Demands::AsLibraries,
        };
        let plan = Plan::read(&self.assertion.0)?;
        let evidence = plan.evidence(&rules, self);
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(evidence) = pin!(evidence).poll(&mut context) else {
            unreachable!("the file's documents are not waited for")
        };
        verify(&self.assertion.0, &rules, &evidence, self.now_ms)
    }
}

impl Source for Asked<'_> {
    async fn document(&self, question: &Question) -> Result<SupportDocument, IdentityError> {
        let missing = IdentityError::new(ErrorKind::Issuer, "the host has no document");
        let document = self.support_documents.get(question.host.as_str()).ok_or(missing)?;
        SupportDocument::parse(document.get().as_bytes())
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
fn expected_kind(expected: &Members<'_>) -> Option<String> {
    let kind = expected.get("kind").or(expected.get("error"))?;
    match serde_json::from_str(kind.get()).ok()? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.get(1).and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_of_the_real_libraries_is_judged_as_the_javascript_side_does() {
        let vectors = Vectors::read(include_str!("../../tests/data/browserid-vectors.json")).unwrap();
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
