//! A signed JSON object: header, payload and signature with dots between them. Nothing is verified here.

use serde_json::Value;

use super::{Claims, ErrorKind, IdentityError, encoding};

/// A signed object in its parts. Holds claims, therefore without `Debug`.
pub(super) struct Jws<'a> {
    /// The members of the header.
    pub(super) header: Claims,
    /// The claims.
    pub(super) payload: Claims,
    /// What is signed: header and payload as they came.
    pub(super) signed: &'a [u8],
    signature: &'a str,
}

impl<'a> Jws<'a> {
    /// Takes a signed object apart.
    pub(super) fn parse(text: &'a str) -> Result<Self, IdentityError> {
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("a signed object has three parts"));
        };
        let signed = &text.as_bytes()[..header.len() + 1 + payload.len()];
        Ok(Self { header: object(header)?, payload: object(payload)?, signed, signature })
    }

    /// The signature; `None` where it is no base64url, so that it cannot be good.
    pub(super) fn signature(&self) -> Option<Vec<u8>> {
        encoding::decode_signature(self.signature)
    }

    /// The algorithm that the header names.
    pub(super) fn algorithm(&self) -> Option<&str> {
        self.header.get("alg").and_then(Value::as_str)
    }
}

/// The members of a part; there are none in a number, a text or a list, which the original too notices late.
fn object(part: &str) -> Result<Claims, IdentityError> {
    let bytes = encoding::decode(part).ok_or(malformed("a part is no base64url"))?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => Ok(Claims::new()),
        Ok(Value::Null) | Err(_) => Err(malformed("a part is no JSON object")),
    }
}

pub(super) const fn malformed(text: &'static str) -> IdentityError {
    IdentityError::new(ErrorKind::Malformed, text)
}
