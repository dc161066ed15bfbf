//! Tests of the tokenlib format: its rules, every way to spoil a token, and the bounds of its claims.
//!
//! Never compares with bytes that this crate made itself where an independent rendering could say them: the
//! known tokens come from `tests/tokenlib_rules.py`.

use serde_json::json;

use super::*;
use crate::keyring::Keyring;
use crate::random::fixed::{Broken, Fixed};

const NOW: Duration = Duration::from_secs(1_700_000_000);
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn made(claims: Value) -> Result<Issued, SignError> {
    sign(claims::object(claims)?, &Secret::new(SECRET), Lifetimes::default(), &Fixed(7), NOW)
}

fn checked(token: &str) -> Result<Verified, VerifyError> {
    verify(token, &[Secret::new(SECRET)], NOW)
}

fn failure(token: &str) -> VerifyError {
    checked(token).err().expect("the token must be refused")
}

/// A token over any payload, correctly signed.
fn signed(payload: &[u8]) -> String {
    let signature = hmac::sign(Secret::new(SECRET).signing(), payload);
    encode_padded(&[payload, signature.as_ref()].concat())
}

#[test]
fn signs_what_the_rules_sign() {
    let issued = made(json!({"uid": 5})).unwrap();
    let wanted = "\
        eyJleHBpcmVzIjoxNzAwMDAwMzAwLCJzYWx0IjoiMDcwNzA3IiwidWlkIjo1fV6kaQUrgvmvd6hDhRnd2_tU5NKtho\
        LahtzvSMyzF28V";
    assert_eq!(issued.token, wanted);
    assert_eq!(issued.secret.unwrap(), "vvM3iwAIOoOusCvTN9cPmcQ1J3EZBBsadeirY6_4sDM=");
    assert_eq!(issued.expires, 1_700_000_300.into());
}

#[test]
fn reads_the_spacing_that_python_writes() {
    let token = "\
        eyJleHBpcmVzIjogMTcwMDAwMDMwMCwgInNhbHQiOiAiMDcwNzA3IiwgInVpZCI6IDV9eq_IIw9yjslqeCSYfWwHD5\
        SHJTNt4sYpKJGQnNxy6lA=";
    let verified = checked(token).unwrap();
    assert_eq!(Value::Object(verified.claims), json!({"expires": 1_700_000_300, "salt": "070707", "uid": 5}));
    assert_eq!(verified.secret.unwrap(), "wGVlPqVZiAqSYHGPizonnSk3YXuFqooeUHZHbyWw41M=");
}

#[test]
fn claims_may_bring_their_salt_and_expiry() {
    let issued = made(json!({"salt": "my own", "expires": 1_700_000_001.5})).unwrap();
    let verified = checked(&issued.token).unwrap();
    assert_eq!(verified.claims["salt"], "my own");
    assert_eq!(verified.claims["expires"], 1_700_000_001.5);
    assert_eq!(verified.secret, issued.secret);
}

#[test]
fn a_salt_is_an_ascii_string() {
    for salt in [json!(7), json!(null), json!("sål"), json!(["x"])] {
        let refused = made(json!({"salt": salt})).err();
        assert!(matches!(refused, Some(SignError::Claim(ClaimError { name: "salt", .. }))), "{salt}");
    }
    assert!(matches!(made(json!({})).map(|issued| issued.token.is_ascii()), Ok(true)));
}

#[test]
fn without_randomness_there_is_no_token() {
    let made = sign(Claims::new(), &Secret::new(SECRET), Lifetimes::default(), &Broken, NOW);
    assert!(matches!(made, Err(SignError::Internal(_))));
}

#[test]
fn other_alphabets_survive_in_an_ascii_payload() {
    let issued = made(json!({"name": "Zoë 🦀", "ключ": 1})).unwrap();
    assert!(decode_padded(&issued.token).unwrap().iter().rev().skip(SIGNATURE_BYTES).all(u8::is_ascii));
    let verified = checked(&issued.token).unwrap();
    assert_eq!(verified.claims["name"], "Zoë 🦀");
    assert_eq!(verified.claims["ключ"], 1);
}

#[test]
fn every_changed_byte_is_noticed() {
    let good = decode_padded(&made(json!({"uid": 5, "private": "x"})).unwrap().token).unwrap();
    for index in 0..good.len() {
        for mask in [1, 0x80] {
            let mut bad = good.clone();
            bad[index] ^= mask;
            assert_eq!(failure(&encode_padded(&bad)), VerifyError::Tampered, "byte {index}");
        }
    }
}

#[test]
fn every_changed_or_missing_character_is_noticed() {
    let good = made(json!({"uid": 5})).unwrap().token;
    for index in 0..good.len() {
        for other in ["A", "B", "_", "=", "/", " ", "\n", "é"] {
            if !good[index..].starts_with(other) {
                let bad = format!("{}{other}{}", &good[..index], &good[index + 1..]);
                assert!(checked(&bad).is_err(), "{other:?} at {index}");
            }
        }
        assert!(checked(&good[..index]).is_err(), "cut at {index}");
    }
    assert!(checked(&format!("{good}A")).is_err());
}

#[test]
fn bytes_cut_from_a_token_leave_nothing_to_believe() {
    let good = decode_padded(&made(json!({"uid": 5})).unwrap().token).unwrap();
    for length in 0..good.len() {
        let wanted = if length < 34 { VerifyError::Truncated } else { VerifyError::Tampered };
        assert_eq!(failure(&encode_padded(&good[..length])), wanted, "{length} bytes");
    }
}

#[test]
fn only_the_canonical_spelling_is_read() {
    // One byte beyond a multiple of three, so that the token ends in padding and unused bits.
    let token = signed(br#"{"salt":"a","expires":1700000001}  "#);
    assert!(token.ends_with("==") && checked(&token).is_ok());
    let bare = token.trim_end_matches('=');
    assert_eq!(failure(bare), VerifyError::NotCanonical);
    assert_eq!(failure(&format!("{bare}=")), VerifyError::NotCanonical);
    let last = bare.chars().last().unwrap();
    let unused_bit_set = char::from(u8::try_from(last).unwrap() + 1);
    assert_eq!(failure(&format!("{}{unused_bit_set}==", &bare[..bare.len() - 1])), VerifyError::NotCanonical);
    assert_eq!(failure(&format!("{token}=")), VerifyError::BadBase64);
    assert_eq!(failure(&format!(" {token}")), VerifyError::BadBase64);
}

#[test]
fn expiry_is_exclusive() {
    let at = |expires: &str| checked(&signed(format!(r#"{{"salt":"a","expires":{expires}}}"#).as_bytes()));
    for alive in ["1700000001", "1700000000.0000002", "1e300"] {
        assert!(at(alive).is_ok(), "{alive}");
    }
    for dead in ["1700000000", "1699999999.9999998", "0", "-1"] {
        assert_eq!(at(dead).err(), Some(VerifyError::Expired), "{dead}");
    }
}

#[test]
fn signed_nonsense_has_its_reasons() {
    for payload in
        [&b"[]"[..], b"12", b"nonsense", b"{\"salt\":", b"{\"expires\":NaN}", b"{\"expires\":1e999}"]
    {
        assert_eq!(failure(&signed(payload)), VerifyError::BadPayload("a JSON object"));
    }
    let foreign = r#"{"salt":"a","expires":1700000001,"name":"é"}"#;
    assert_eq!(failure(&signed(foreign.as_bytes())), VerifyError::BadPayload("ASCII"));
    for (payload, claim) in [
        (r#"{"salt":"a"}"#, "expires"),
        (r#"{"salt":"a","expires":"1700000001"}"#, "expires"),
        (r#"{"expires":1700000001}"#, "salt"),
        (r#"{"salt":1,"expires":1700000001}"#, "salt"),
        (r#"{"salt":"\u00e9","expires":1700000001}"#, "salt"),
    ] {
        let found = failure(&signed(payload.as_bytes()));
        assert!(matches!(found, VerifyError::Claim(ClaimError { name, .. }) if name == claim), "{found:?}");
    }
}

#[test]
fn what_is_nested_too_deep_for_us_is_refused_although_it_is_signed() {
    let keyring = Keyring::new(vec![Secret::new(SECRET)], vec![], Lifetimes::default()).unwrap();
    let at = |levels: usize| {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let payload = format!(r#"{{"salt":"a","expires":1700000001,"x":{nested}}}"#);
        keyring.verify(&signed(payload.as_bytes()), NOW).err()
    };
    assert_eq!(at(63), None);
    for levels in [64, 126, 127, 1000] {
        assert!(matches!(at(levels), Some(VerifyError::BadPayload(_))), "{levels}");
    }
}

#[test]
fn private_claims_are_unreadable_in_the_token() {
    let issued = made(json!({"uid": 5, "private": {"mail": "someone"}})).unwrap();
    let payload = decode_padded(&issued.token).unwrap();
    assert!(!String::from_utf8_lossy(&payload).contains("someone"));
    assert_eq!(checked(&issued.token).unwrap().claims["private"], json!({"mail": "someone"}));
    let unsealed = signed(br#"{"salt":"a","expires":1700000001,"private":{"mail":"someone"}}"#);
    assert_eq!(failure(&unsealed), VerifyError::SealBroken);
}

#[test]
fn the_derived_secret_depends_on_secret_salt_and_token() {
    let claims = |salt: &str, uid: u8| json!({"salt": salt, "uid": uid});
    let first = made(claims("a", 1)).unwrap().secret;
    assert_ne!(first, made(claims("b", 1)).unwrap().secret);
    assert_ne!(first, made(claims("a", 2)).unwrap().secret);
    assert_eq!(first, made(claims("a", 1)).unwrap().secret);
}
