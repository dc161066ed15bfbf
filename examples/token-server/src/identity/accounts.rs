//! What an accounts server says in a certificate or a bearer token.
//!
//! JSON booleans are whole numbers too, as in the original server: `true` is generation 1.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Claims, ErrorKind, IdentityError};

/// The claims of an accounts server that a token server acts upon. Absent ones stay absent: what they mean then is for
/// the user's record to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountClaims {
    /// `fxa-generation`, milliseconds since 1970: changes with the password.
    pub generation: Option<i64>,
    /// `fxa-keysChangedAt`, milliseconds since 1970: changes with the keys.
    pub keys_changed_at: Option<i64>,
    /// `fxa-deviceId`.
    pub device_id: Option<String>,
}

impl AccountClaims {
    /// Reads the claims that have a meaning; the others do not matter here.
    ///
    /// # Errors
    /// [`ErrorKind::Generation`] and [`ErrorKind::KeysChangedAt`] where the claim is there and no whole number;
    /// [`ErrorKind::SessionUnverified`] where `fxa-tokenVerified` says that the user has not confirmed the session.
    pub fn read(claims: &Claims) -> Result<Self, IdentityError> {
        let generation = whole_number(claims.get("fxa-generation")).ok_or(GENERATION)?;
        let keys_changed_at = whole_number(claims.get("fxa-keysChangedAt")).ok_or(KEYS_CHANGED_AT)?;
        let device_id = claims.get("fxa-deviceId").and_then(Value::as_str).map(str::to_owned);
        match claims.get("fxa-tokenVerified") {
            Some(verified) if !is_truth(verified) => Err(SESSION_UNVERIFIED),
            _ => Ok(Self { generation, keys_changed_at, device_id }),
        }
    }
}

const GENERATION: IdentityError =
    IdentityError::new(ErrorKind::Generation, "fxa-generation is no whole number");
const KEYS_CHANGED_AT: IdentityError =
    IdentityError::new(ErrorKind::KeysChangedAt, "fxa-keysChangedAt is no whole number");
const SESSION_UNVERIFIED: IdentityError =
    IdentityError::new(ErrorKind::SessionUnverified, "the user has not confirmed the session");

/// `Some(None)` where there is no claim, `None` where it is something else than a whole number of 64 bits.
fn whole_number(claim: Option<&Value>) -> Option<Option<i64>> {
    match claim {
        None => Some(None),
        Some(Value::Bool(truth)) => Some(Some(i64::from(*truth))),
        Some(value) => value.as_i64().map(Some),
    }
}

/// What the original server, which is written in Python, takes for true.
fn is_truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claims: Value) -> Result<AccountClaims, ErrorKind> {
        AccountClaims::read(claims.as_object().unwrap()).map_err(|error| error.kind)
    }

    #[test]
    fn what_is_not_said_is_absent_and_the_session_then_counts_as_verified() {
        assert_eq!(read(json!({"other": 1})), Ok(AccountClaims::default()));
    }

    #[test]
    fn an_accounts_servers_claims_are_read() {
        let claims = read(json!({
            "fxa-generation": 1_600_000_000_123_i64, "fxa-keysChangedAt": 7, "fxa-deviceId": "ff", "fxa-tokenVerified": true
        }))
        .unwrap();
        assert_eq!((claims.generation, claims.keys_changed_at), (Some(1_600_000_000_123), Some(7)));
        assert_eq!(claims.device_id.as_deref(), Some("ff"));
    }

    #[test]
    fn a_generation_is_a_whole_number_or_true_or_false() {
        for bad in [json!("42"), json!(null), json!(14.0), json!(u64::MAX), json!([])] {
            assert_eq!(read(json!({"fxa-generation": bad})), Err(ErrorKind::Generation));
            assert_eq!(read(json!({"fxa-keysChangedAt": bad})), Err(ErrorKind::KeysChangedAt));
        }
        assert_eq!(read(json!({"fxa-generation": true})).unwrap().generation, Some(1));
        assert_eq!(read(json!({"fxa-generation": -3})).unwrap().generation, Some(-3));
    }

    #[test]
    fn a_session_that_is_said_to_be_unverified_is_refused() {
        for no in [json!(false), json!(null), json!(0), json!("")] {
            assert_eq!(read(json!({"fxa-tokenVerified": no})), Err(ErrorKind::SessionUnverified));
        }
    }
}
