//! A domain's support document, by the rules of browserid-local-verify.

use serde_json::Value;

use super::super::host::{is_absolute_path, is_authority};
use super::super::key::PublicKey;
use super::super::{ErrorKind, IdentityError};

/// Keys that a document may list.
const KEYS_MAX: usize = 16;

/// What a domain says about who speaks for its users. Keys are as they came: they cross to the worker that uses them.
#[derive(Debug, Clone, PartialEq)]
pub enum SupportDocument {
    /// The domain itself, with one of these keys.
    Supported(Vec<Value>),
    /// Another domain.
    Delegated(String),
    /// Nobody.
    Disabled,
}

impl SupportDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// [`ErrorKind::Issuer`]: a domain with a bad document is no issuer.
    pub fn parse(document: &[u8]) -> Result<Self, IdentityError> {
        let document: Value = serde_json::from_slice(document).map_err(|_| bad("the document is no JSON"))?;
        if !document.is_object() {
            return Err(bad("the document is no JSON object"));
        }
        match document.get("disabled") {
            Some(Value::Bool(true)) => return Ok(Self::Disabled),
            None | Some(Value::Bool(false)) => {}
            Some(_) => return Err(bad("disabled is neither true nor false")),
        }
        match document.get("authority").filter(|authority| is_said(authority)) {
            Some(Value::String(authority)) if is_authority(authority) => {
                return Ok(Self::Delegated(authority.clone()));
            }
            Some(_) => return Err(bad("the authority is no host")),
            None => {}
        }
        for path in ["authentication", "provisioning"] {
            let path = document.get(path).and_then(Value::as_str);
            if !path.is_some_and(is_absolute_path) {
                return Err(bad("authentication and provisioning have to be absolute paths"));
            }
        }
        keys(&document).map(Self::Supported)
    }
}

/// The keys that the document lists, each one checked.
fn keys(document: &Value) -> Result<Vec<Value>, IdentityError> {
    let single = document.get("public-key").filter(|key| is_said(key));
    let listed = match document.get("keys").filter(|keys| is_said(keys)) {
        None => &[],
        Some(Value::Array(keys)) => keys.as_slice(),
        Some(_) => return Err(bad("the keys are no list")),
    };
    let signs = |key: &&Value| key.get("use").is_none_or(|usage| !is_said(usage) || usage == "sig");
    let keys: Vec<Value> = single.into_iter().chain(listed.iter().filter(signs)).cloned().collect();
    match keys.len() {
        0 => Err(bad("the document names no key")),
        1..=KEYS_MAX if keys.iter().all(|key| PublicKey::parse(key).is_ok()) => Ok(keys),
        1..=KEYS_MAX => Err(bad("a key of the document is unusable")),
        _ => Err(bad("the document names too many keys")),
    }
}

/// What JavaScript takes for true: an empty string, 0 and null say nothing.
pub(super) fn is_said(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => true,
    }
}

pub(super) const fn bad(text: &'static str) -> IdentityError {
    IdentityError::new(ErrorKind::Issuer, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> Value {
        json!({"algorithm": "RS", "n": (num_bigint::BigUint::from(1_u8) << 2047_u32 | num_bigint::BigUint::from(1_u8)).to_string(), "e": "65537"})
    }

    fn parse(document: Value) -> Result<SupportDocument, ErrorKind> {
        SupportDocument::parse(document.to_string().as_bytes()).map_err(|error| error.kind)
    }

    #[test]
    fn the_three_kinds_of_documents_are_told_apart() {
        assert_eq!(parse(json!({"disabled": true, "authority": 5})), Ok(SupportDocument::Disabled));
        let delegated = parse(json!({"disabled": false, "authority": "idp.example.net:8443"}));
        assert_eq!(delegated, Ok(SupportDocument::Delegated("idp.example.net:8443".into())));
        let other_use = json!({"use": "enc"});
        let document = json!({
            "authority": "", "authentication": "/in", "provisioning": "/p", "public-key": key(), "keys": [key(), other_use]
        });
        assert_eq!(parse(document), Ok(SupportDocument::Supported(vec![key(), key()])));
    }

    #[test]
    fn a_bad_document_makes_no_issuer() {
        let mut crowd = json!({"authentication": "/in", "provisioning": "/p"});
        crowd["keys"] = vec![key(); KEYS_MAX + 1].into();
        for document in [
            json!([]),
            json!("x"),
            json!({}),
            json!({"disabled": "true"}),
            json!({"authority": "EXAMPLE.ORG"}),
            json!({"authority": ["x"]}),
            json!({"public-key": key()}),
            json!({"authentication": "in", "provisioning": "/p", "public-key": key()}),
            json!({"authentication": "/in", "provisioning": "/p"}),
            json!({"authentication": "/in", "provisioning": "/p", "keys": {}}),
            json!({"authentication": "/in", "provisioning": "/p", "keys": [{"kty": "EC"}]}),
            crowd,
        ] {
            assert_eq!(parse(document.clone()), Err(ErrorKind::Issuer), "{document}");
        }
        assert!(SupportDocument::parse(b"{").is_err());
    }
}
