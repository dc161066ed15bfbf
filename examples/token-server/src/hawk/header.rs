//! The header `Authorization: Hawk id="…", ts="…", nonce="…", mac="…"`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Characters that a header may have: room for the longest token and the other parts.
const HEADER_CHARACTERS_MAX: usize = 20 * 1024;
/// Characters that a nonce may have, for each is kept.
const NONCE_CHARACTERS_MAX: usize = 64;
/// All attributes that there are.
const NAMES: [&str; 8] = ["id", "ts", "nonce", "hash", "ext", "mac", "app", "dlg"];

/// Why a header is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// Another scheme, or none.
    #[error("a header of the form `Hawk id=\"…\", ts=\"…\", nonce=\"…\", mac=\"…\"` is wanted")]
    Form,
    /// Longer than a header may be.
    #[error("the header is longer than {HEADER_CHARACTERS_MAX} characters")]
    TooLong,
    /// An attribute that must be there.
    #[error("the attribute {0} is missing")]
    Missing(&'static str),
    /// An attribute that stands there twice or that nobody knows.
    #[error("an attribute is unknown or stands there twice")]
    Attribute,
    /// A time that is no whole number of seconds.
    #[error("ts is no whole number of seconds since 1970")]
    Time,
    /// A nonce that is empty or longer than those that are kept.
    #[error("a nonce has 1 to {NONCE_CHARACTERS_MAX} characters")]
    Nonce,
}

/// What a client says of its request. Holds a token, therefore without `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The token.
    pub id: String,
    /// Seconds since 1970.
    pub ts: u64,
    /// Drawn by the client for this request.
    pub nonce: String,
    /// What the body is hashed to, in base64.
    pub hash: Option<String>,
    /// Whatever else the client signs.
    pub ext: Option<String>,
    /// The signature, in base64.
    pub mac: String,
    /// The application that the token was given to.
    pub app: Option<String>,
    /// The application that asks in its name.
    pub dlg: Option<String>,
}

impl Header {
    /// Reads a header's value.
    ///
    /// # Errors
    /// [`HeaderError`]; its text repeats nothing of the header.
    pub fn parse(value: &str) -> Result<Header, HeaderError> {
        if value.len() > HEADER_CHARACTERS_MAX {
            return Err(HeaderError::TooLong);
        }
        // RFC 9110 lets the scheme's case be anything; hawk (npm) does, hawkauthlib wants exactly this.
        let (scheme, rest) = value.split_once(' ').ok_or(HeaderError::Form)?;
        if !scheme.eq_ignore_ascii_case("hawk") {
            return Err(HeaderError::Form);
        }
        let mut attributes = attributes(rest)?;
        let mut take = |name: &'static str| attributes.remove(name).map(str::to_owned);
        let header = Header {
            id: take("id").ok_or(HeaderError::Missing("id"))?,
            ts: take("ts").ok_or(HeaderError::Missing("ts"))?.parse().map_err(|_| HeaderError::Time)?,
            nonce: take("nonce").ok_or(HeaderError::Missing("nonce"))?,
            hash: take("hash"),
            ext: take("ext"),
            mac: take("mac").ok_or(HeaderError::Missing("mac"))?,
            app: take("app"),
            dlg: take("dlg"),
        };
        match header.nonce.len() {
            1..=NONCE_CHARACTERS_MAX => Ok(header),
            _ => Err(HeaderError::Nonce),
        }
    }
}

/// `name="value"`, with commas between. A value holds no quotation mark, as in all implementations.
fn attributes(mut rest: &str) -> Result<BTreeMap<&str, &str>, HeaderError> {
    let mut attributes = BTreeMap::new();
    loop {
        let (name, behind) = rest.split_once("=\"").ok_or(HeaderError::Form)?;
        let (value, behind) = behind.split_once('"').ok_or(HeaderError::Form)?;
        let name = name.trim();
        if !NAMES.contains(&name) || attributes.insert(name, value).is_some() {
            return Err(HeaderError::Attribute);
        }
        rest = match behind.trim_start() {
            "" => return Ok(attributes),
            behind => behind.strip_prefix(',').ok_or(HeaderError::Form)?,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_in_any_order() {
        let header = Header::parse(r#"hawk mac="m=", id="token", nonce="n",ts="12" , ext="a,b = c""#);
        let wanted = Header {
            id: "token".to_owned(),
            ts: 12,
            nonce: "n".to_owned(),
            mac: "m=".to_owned(),
            ext: Some("a,b = c".to_owned()),
            ..Header::default()
        };
        assert!(header == Ok(wanted));
    }

    #[test]
    fn what_is_no_header_is_refused_by_name() {
        let refusal = |value: &str| Header::parse(value).err().unwrap();
        for value in ["", "Hawk", "Bearer x", "Hawk id", "Hawk id=\"a", "Hawk id=\"a\" ts=\"1\""] {
            assert_eq!(refusal(value), HeaderError::Form, "{value}");
        }
        assert_eq!(refusal(r#"Hawk id="a", id="b""#), HeaderError::Attribute);
        assert_eq!(refusal(r#"Hawk id="a", who="b""#), HeaderError::Attribute);
        assert_eq!(refusal(r#"Hawk ts="1""#), HeaderError::Missing("id"));
        assert_eq!(refusal(r#"Hawk id="a", ts="-1", nonce="n", mac="m""#), HeaderError::Time);
        assert_eq!(refusal(r#"Hawk id="a", ts="1", nonce="", mac="m""#), HeaderError::Nonce);
        assert_eq!(refusal(&"x".repeat(30_000)), HeaderError::TooLong);
    }
}
