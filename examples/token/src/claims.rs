//! Claims: what a token says. Reading them, checking those with a meaning, writing them as ASCII JSON.
//!
//! Never changes a claim that this crate gives no meaning. Numbers are 64-bit integers or IEEE doubles: an
//! integer beyond 64 bits is rounded to a double, as most JSON readers do.

use std::io;
use std::time::Duration;

use serde::Serialize as _;
use serde_json::ser::Formatter;
use serde_json::{Map, Number, Serializer, Value};

use crate::error::{ClaimError, SignError, VerifyError};

/// A JSON object of claims.
pub type Claims = Map<String, Value>;

/// Bytes the claims of one token may take, written as ASCII JSON with the sealed part. Tokens travel in HTTP
/// headers, and common servers refuse headers beyond 16 KiB.
pub const MAX_PAYLOAD_BYTES: usize = 8 * 1024;

/// Levels of arrays and objects in claims, their own object included. JSON readers stop somewhere (serde_json
/// at 127 levels), and on their way between processes claims are wrapped in some more.
pub const MAX_DEPTH: usize = 64;

/// Characters a token may have when it is read: room for a full payload in base64 with the longest signature.
pub const MAX_TOKEN_CHARACTERS: usize = 16 * 1024;

/// How long tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Where claims name no expiry; tokenlib's default is 300 seconds.
    pub default: Duration,
    /// The furthest ahead that claims may put their expiry; 24 hours unless set. Binds only what is signed
    /// here: a token that another issuer with the same secret made is believed until it expires.
    pub longest: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { default: Duration::from_secs(300), longest: Duration::from_secs(24 * 60 * 60) }
    }
}

/// Fails where the claims are nested deeper than [`MAX_DEPTH`]. A caller that wraps claims into a request checks
/// this first: the other side may not be able to read the request otherwise.
///
/// # Errors
/// [`SignError::TooDeep`]
pub fn check_depth(claims: &Value) -> Result<(), SignError> {
    if depth(claims) > MAX_DEPTH { Err(SignError::TooDeep { limit: MAX_DEPTH }) } else { Ok(()) }
}

/// Levels of arrays and objects in the value, 0 for a number or a text.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(claims) => 1 + claims.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The claims as a JSON object.
pub(crate) fn object(claims: Value) -> Result<Claims, SignError> {
    check_depth(&claims)?;
    match claims {
        Value::Object(claims) => Ok(claims),
        _ => Err(SignError::NotAnObject),
    }
}

/// Puts the expiry under `name` unless the claims bring one, which is then checked: a finite number from 0 to
/// the longest lifetime ahead. One in the past is granted (tokenlib does too): such a token is simply
/// expired.
pub(crate) fn settle_expiry(
    claims: &mut Claims,
    name: &'static str,
    now: Duration,
    lifetimes: Lifetimes,
) -> Result<Number, SignError> {
    let Some(given) = claims.get(name) else {
        let expires = Number::from(now.saturating_add(lifetimes.default).as_secs());
        claims.insert(name.to_owned(), Value::Number(expires.clone()));
        return Ok(expires);
    };
    let bad = ClaimError { name, expected: "a finite number of seconds since 1970, not negative" };
    let (Value::Number(expires), Some(seconds)) = (given, given.as_f64()) else { return Err(bad.into()) };
    if !seconds.is_finite() || seconds < 0.0 {
        return Err(bad.into());
    }
    if seconds > now.saturating_add(lifetimes.longest).as_secs_f64() {
        return Err(SignError::LifetimeTooLong { limit_seconds: lifetimes.longest.as_secs() });
    }
    Ok(expires.clone())
}

/// The claim `name` in seconds, where it must be there and a finite number.
pub(crate) fn seconds(claims: &Claims, name: &'static str) -> Result<f64, ClaimError> {
    claims
        .get(name)
        .and_then(Value::as_f64)
        .filter(|seconds| seconds.is_finite())
        .ok_or(ClaimError { name, expected: "a finite number of seconds since 1970" })
}

/// Fails where the expiry under `name` is now or earlier.
pub(crate) fn check_expiry(claims: &Claims, name: &'static str, now: Duration) -> Result<(), VerifyError> {
    if seconds(claims, name)? <= now.as_secs_f64() { Err(VerifyError::Expired) } else { Ok(()) }
}

/// Reads a signed payload back.
pub(crate) fn parse(payload: &[u8]) -> Result<Claims, VerifyError> {
    serde_json::from_slice(payload).map_err(|_| VerifyError::BadPayload("a JSON object"))
}

/// The value as compact JSON in ASCII: every other character is written as `\uXXXX`.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, AsciiFormatter))
        .expect("a JSON value has only string keys, and writing to a vector does not fail");
    bytes
}

/// The claims as a token's payload.
pub(crate) fn write_payload(claims: Claims) -> Result<Vec<u8>, SignError> {
    let payload = write(&Value::Object(claims));
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(SignError::TooLarge { bytes: payload.len(), limit: MAX_PAYLOAD_BYTES });
    }
    Ok(payload)
}

struct AsciiFormatter;

impl Formatter for AsciiFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        for character in fragment.chars() {
            if character.is_ascii() && character != '\x7f' {
                writer.write_all(&[character as u8])?;
            } else {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn settled(claims: Value) -> Result<Number, SignError> {
        settle_expiry(&mut object(claims)?, "expires", NOW, Lifetimes::default())
    }

    #[test]
    fn everything_is_written_in_ascii_and_read_back() {
        let value = json!({"name": "Zoë \u{1f980} \u{7f}", "quote": "\"\\\n"});
        let written = write(&value);
        assert!(written.is_ascii());
        let wanted = r#"{"name":"Zo\u00eb \ud83e\udd80 \u007f","quote":"\"\\\n"}"#;
        assert_eq!(String::from_utf8(written.clone()).unwrap(), wanted);
        assert_eq!(Value::Object(parse(&written).unwrap()), value);
    }

    #[test]
    fn floats_survive_being_written_and_read() {
        for text in ["1700000300.1234567", "5e-324", "0.1", "18446744073709551615", "-9223372036854775808"] {
            let value: Value = serde_json::from_str(text).unwrap();
            let back: Value = serde_json::from_slice(&write(&value)).unwrap();
            assert_eq!(value, back, "{text}");
        }
    }

    #[test]
    fn expiry_is_five_minutes_ahead_unless_given() {
        assert_eq!(settled(json!({})), Ok(Number::from(1_700_000_300_u64)));
        assert_eq!(
            settled(json!({"expires": 1_700_000_001.5})),
            Ok(Number::from_f64(1_700_000_001.5).unwrap())
        );
        assert_eq!(settled(json!({"expires": 0})), Ok(Number::from(0)));
    }

    #[test]
    fn expiry_reaches_a_day_ahead_and_no_further() {
        assert!(settled(json!({"expires": 1_700_086_400})).is_ok());
        let refused = Err(SignError::LifetimeTooLong { limit_seconds: 86_400 });
        assert_eq!(settled(json!({"expires": 1_700_086_400.5})), refused);
        assert_eq!(settled(json!({"expires": 1e308})), refused);
    }

    #[test]
    fn expiry_of_another_type_is_refused() {
        for expires in [json!("1700000001"), json!(null), json!(true), json!([1]), json!(-1)] {
            let refused = settled(json!({"expires": expires}));
            assert!(
                matches!(refused, Err(SignError::Claim(ClaimError { name: "expires", .. }))),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn a_token_expires_in_the_very_second_it_names() {
        let claims = object(json!({"expires": 1_700_000_000.25})).unwrap();
        let at = |nanoseconds| check_expiry(&claims, "expires", NOW + Duration::from_nanos(nanoseconds));
        assert_eq!(at(0), Ok(()));
        assert_eq!(at(249_000_000), Ok(()));
        assert_eq!(at(250_000_000), Err(VerifyError::Expired));
        assert_eq!(at(251_000_000), Err(VerifyError::Expired));
    }

    #[test]
    fn the_payload_is_bounded() {
        let with_text = |length: usize| object(json!({"t": "x".repeat(length)})).unwrap();
        let frame = r#"{"t":""}"#.len();
        assert!(write_payload(with_text(MAX_PAYLOAD_BYTES - frame)).is_ok());
        assert_eq!(
            write_payload(with_text(MAX_PAYLOAD_BYTES - frame + 1)),
            Err(SignError::TooLarge { bytes: MAX_PAYLOAD_BYTES + 1, limit: MAX_PAYLOAD_BYTES })
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| {
            (1..levels).fold(json!({}), |inner, level| match level % 2 {
                0 => json!([1, inner]),
                _ => json!({"a": inner, "b": 1}),
            })
        };
        assert_eq!(check_depth(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check_depth(&nested(MAX_DEPTH + 1)), Err(SignError::TooDeep { limit: MAX_DEPTH }));
        assert_eq!(depth(&json!("flat")), 0);
    }

    #[test]
    fn only_objects_are_claims() {
        for other in [json!([]), json!("x"), json!(1), json!(null), json!(true)] {
            assert_eq!(object(other), Err(SignError::NotAnObject));
        }
    }
}
