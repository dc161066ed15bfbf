//! Tests of the JWT format: known tokens, every way to spoil one, and the header that must not choose.
//!
//! The keys are those that the RFCs print, so they protect nothing.

use serde_json::json;

use super::*;
use crate::random::fixed::Fixed;

const NOW: Duration = Duration::from_secs(1_700_000_000);
const RFC_7515_A3: &str = "\
    eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL\
    mNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA\
    pmWQxfKTUJqPP3-Kg6NU1Q";

fn key(algorithm: Algorithm) -> SigningKey {
    let pem = match algorithm {
        Algorithm::EdDsa => include_str!("../tests/keys/rfc8037-a1-eddsa.pem"),
        Algorithm::Es256 => include_str!("../tests/keys/rfc7515-a3-es256.pem"),
        Algorithm::Rs256 => include_str!("../tests/keys/rfc7515-a2-rs256.pem"),
    };
    SigningKey::from_file_content(pem.as_bytes()).unwrap()
}

const ALL: [Algorithm; 3] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];

fn secret() -> Secret {
    Secret::new(b"secret")
}

fn made(algorithm: Algorithm, claims: Value) -> Result<String, SignError> {
    let claims = claims::object(claims)?;
    let issued = sign(claims, &key(algorithm), &secret(), Lifetimes::default(), &Fixed(7), NOW)?;
    assert_eq!(issued.secret, None);
    Ok(issued.token)
}

fn checked(token: &str, algorithms: &[Algorithm], now: Duration) -> Result<Verified, VerifyError> {
    let keys: Vec<SigningKey> = algorithms.iter().copied().map(key).collect();
    verify(token, &keys, &[secret()], now)
}

fn failure(token: &str) -> VerifyError {
    checked(token, &ALL, NOW).err().expect("the token must be refused")
}

/// An EdDSA token with any header and payload, correctly signed.
fn signed(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode_unpadded(header.as_bytes()), encode_unpadded(payload.as_bytes()));
    let signature = key(Algorithm::EdDsa).sign(message.as_bytes()).unwrap();
    format!("{message}.{}", encode_unpadded(&signature))
}

const HEADER: &str = r#"{"alg":"EdDSA"}"#;

#[test]
fn each_algorithm_makes_what_it_believes() {
    for algorithm in ALL {
        let token = made(algorithm, json!({"sub": "Zoë", "private": [1]})).unwrap();
        let verified = checked(&token, &ALL, NOW).unwrap();
        assert_eq!(verified.algorithm, Some(algorithm));
        let wanted = json!({
            "sub": "Zoë", "private": [1], "exp": 1_700_000_300, "iat": 1_700_000_000,
            "jti": "07070707070707070707070707070707",
        });
        assert_eq!(Value::Object(verified.claims), wanted);
        let mut parts = token.split('.');
        let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
        assert_eq!(decode_unpadded(parts.next().unwrap()), Ok(header.into_bytes()));
        let payload = decode_unpadded(parts.next().unwrap()).unwrap();
        assert!(payload.is_ascii() && !String::from_utf8_lossy(&payload).contains("[1]"));
    }
}

#[test]
fn the_token_of_rfc_7515_is_believed_until_it_expires() {
    let at = |seconds| checked(RFC_7515_A3, &[Algorithm::Es256], Duration::from_secs(seconds));
    let claims = at(1_300_819_379).unwrap().claims;
    assert_eq!(claims["iss"], "joe");
    assert_eq!(claims["http://example.com/is_root"], true);
    assert_eq!(at(1_300_819_380).err(), Some(VerifyError::Expired));
}

#[test]
fn a_changed_byte_in_any_part_is_noticed() {
    for algorithm in ALL {
        let token = made(algorithm, json!({"uid": 5})).unwrap();
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| decode_unpadded(part).unwrap()).collect();
        for part in 0..3 {
            for index in 0..parts[part].len() {
                let mut bad = parts.clone();
                bad[part][index] ^= 1;
                let bad: Vec<String> = bad.iter().map(|part| encode_unpadded(part)).collect();
                let refused = failure(&bad.join("."));
                assert!(
                    part == 0 || refused == VerifyError::Tampered,
                    "{algorithm} {part} {index}: {refused:?}"
                );
            }
        }
    }
}

#[test]
fn the_key_decides_the_algorithm() {
    for algorithm in ALL {
        let token = made(algorithm, json!({})).unwrap();
        for other in ALL.into_iter().filter(|other| *other != algorithm) {
            assert_eq!(checked(&token, &[other], NOW).err(), Some(VerifyError::AlgorithmMismatch));
            let header = encode_unpadded(format!(r#"{{"alg":"{other}","typ":"JWT"}}"#).as_bytes());
            let relabelled = format!("{header}.{}", token.split_once('.').unwrap().1);
            assert_eq!(failure(&relabelled), VerifyError::Tampered);
        }
    }
    assert_eq!(checked(RFC_7515_A3, &[], NOW).err(), Some(VerifyError::AlgorithmMismatch));
}

#[test]
fn none_and_shared_secret_algorithms_are_refused() {
    for name in ["none", "None", "HS256", "PS256", "", "eddsa"] {
        let token = signed(&format!(r#"{{"alg":"{name}"}}"#), r#"{"exp":1700000001}"#);
        assert_eq!(failure(&token), VerifyError::AlgorithmMismatch, "{name}");
    }
    let unsigned = format!("{}.{}.", encode_unpadded(br#"{"alg":"none"}"#), encode_unpadded(b"{}"));
    assert_eq!(failure(&unsigned), VerifyError::AlgorithmMismatch);
}

#[test]
fn a_malformed_token_has_its_reason() {
    let part = encode_unpadded(HEADER.as_bytes());
    for token in [".", "a.b", "a.b.c.d", "a.b.c.d.e"] {
        assert_eq!(failure(token), VerifyError::Malformed("a JWT has three parts"), "{token}");
    }
    assert!(matches!(failure(".."), VerifyError::Malformed(_)));
    assert_eq!(failure("!.b.c"), VerifyError::BadBase64);
    assert_eq!(failure(&format!("{part}=.e30.")), VerifyError::BadBase64);
    assert_eq!(failure(&format!("{part}.e31.AA")), VerifyError::NotCanonical);
    assert_eq!(failure(&format!("{part}.e30.AA==")), VerifyError::NotCanonical);
    for header in ["[]", "x", "{}", r#"{"alg":1}"#, r#"{"alg":"EdDSA","crit":["x"]}"#] {
        assert!(
            matches!(failure(&signed(header, r#"{"exp":1700000001}"#)), VerifyError::Malformed(_)),
            "{header}"
        );
    }
    assert!(checked(&signed(HEADER, r#"{"exp":1700000001}"#), &ALL, NOW).is_ok());
}

#[test]
fn times_are_checked() {
    let at = |claims: &str| checked(&signed(HEADER, claims), &ALL, NOW).err();
    assert_eq!(at(r#"{"exp":1700000000}"#), Some(VerifyError::Expired));
    assert_eq!(at(r#"{"exp":1700000000.5}"#), None);
    assert_eq!(at(r#"{"exp":1700000001,"nbf":1700000000}"#), None);
    assert_eq!(at(r#"{"exp":1700000001,"nbf":1700000000.5}"#), Some(VerifyError::NotYetValid));
    for (claims, claim) in [
        ("{}", "exp"),
        (r#"{"exp":"1700000001"}"#, "exp"),
        (r#"{"exp":1700000001,"nbf":"x"}"#, "nbf"),
        (r#"{"exp":1700000001,"iat":null}"#, "iat"),
        (r#"{"exp":1700000001,"jti":1}"#, "jti"),
    ] {
        let found = at(claims);
        assert!(
            matches!(found, Some(VerifyError::Claim(ClaimError { name, .. })) if name == claim),
            "{claims}"
        );
    }
    assert_eq!(at("[]"), Some(VerifyError::BadPayload("a JSON object")));
}

#[test]
fn claims_with_a_meaning_are_checked_before_signing() {
    for (claims, claim) in [
        (json!({"exp": "x"}), "exp"),
        (json!({"iat": "x"}), "iat"),
        (json!({"nbf": {}}), "nbf"),
        (json!({"jti": 5}), "jti"),
    ] {
        let refused = made(Algorithm::EdDsa, claims).err();
        assert!(
            matches!(refused, Some(SignError::Claim(ClaimError { name, .. })) if name == claim),
            "{claim}"
        );
    }
    let own = made(Algorithm::EdDsa, json!({"exp": 1_700_000_005, "iat": 1, "jti": "x"})).unwrap();
    let claims = checked(&own, &ALL, NOW).unwrap().claims;
    assert_eq!(Value::Object(claims), json!({"exp": 1_700_000_005, "iat": 1, "jti": "x"}));
    let far = made(Algorithm::EdDsa, json!({"exp": 1_700_086_401}));
    assert_eq!(far, Err(SignError::LifetimeTooLong { limit_seconds: 86_400 }));
}

#[test]
fn rotated_keys_and_secrets_still_verify() {
    let token = made(Algorithm::EdDsa, json!({"private": "x"})).unwrap();
    let keys = [key(Algorithm::Es256), key(Algorithm::EdDsa)];
    let rotated = verify(&token, &keys, &[Secret::new(b"new"), secret()], NOW).unwrap();
    assert_eq!(rotated.claims["private"], "x");
    let lost = verify(&token, &keys, &[Secret::new(b"new")], NOW);
    assert_eq!(lost.err(), Some(VerifyError::SealBroken));
}
