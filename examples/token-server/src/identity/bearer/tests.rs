//! Every line of the table about bearer tokens, for keys of all three kinds.

use serde_json::json;

use super::*;
use crate::identity::maker::KeyPair;

const NOW: u64 = 1_700_000_000;
const SCOPE: &str = "https://identity.mozilla.com/apps/oldsync";
const RSA: &[u8] = include_bytes!("../../../tests/data/throw-away-rsa.pk8");

fn rules() -> BearerRules {
    BearerRules {
        email_domain: "api.accounts.example.org".into(),
        issuer: None,
        audience: None,
        scope: SCOPE.into(),
        leeway_seconds: 0,
    }
}

fn with(mut object: Value, changes: Value) -> Value {
    object.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object
}

/// A token; members that are null are left out.
fn token(key: &KeyPair, header: Value, claims: Value) -> String {
    let header = with(json!({"typ": "at+jwt", "kid": "k1", "alg": key.algorithm()}), header);
    let claims = with(
        json!({"sub": "0123", "exp": NOW + 60, "iss": "https://accounts.example.org", "client_id": "c", "scope": SCOPE}),
        claims,
    );
    key.sign_bearer(&header, &claims).unwrap()
}

fn kind_under(rules: &BearerRules, header: Value, claims: Value) -> Option<ErrorKind> {
    let key = KeyPair::eddsa().unwrap();
    let keys = [key.jwk("k1")];
    verify(&token(&key, header, claims), None, rules, &keys, NOW).err().map(|error| error.kind)
}

fn kind(header: Value, claims: Value) -> Option<ErrorKind> {
    kind_under(&rules(), header, claims)
}

#[test]
fn a_good_token_is_believed_with_each_kind_of_key() {
    for key in [KeyPair::eddsa().unwrap(), KeyPair::es256().unwrap(), KeyPair::bearer_rs256(RSA).unwrap()] {
        let set = json!({"keys": [{"kty": "oct"}, key.jwk("k1"), key.jwk("k2")]});
        let set = KeySet::parse(set.to_string().as_bytes()).unwrap();
        let token = token(&key, json!({}), json!({"fxa-generation": 7, "fxa-deviceId": "d"}));
        let keys = set.select(key_name(&token).unwrap().as_deref());
        assert_eq!(keys, [key.jwk("k1")]);
        let key_id = KeyId::parse("0000000001234-qrs").unwrap();
        let identity = verify(&token, Some(&key_id), &rules(), &keys, NOW).ok().unwrap();
        assert_eq!(identity.email, "0123@api.accounts.example.org");
        assert_eq!((identity.account.generation, identity.account.keys_changed_at), (Some(7), Some(1234)));
        assert_eq!(identity.account.device_id.as_deref(), Some("d"));
        let other = KeyPair::eddsa().unwrap().jwk("k1");
        assert!(verify(&token, None, &rules(), &[other], NOW).is_err());
        assert!(verify(&token, None, &rules(), &[], NOW).is_err());
    }
}

#[test]
fn without_a_generation_the_keys_time_stands_in() {
    let key = KeyPair::eddsa().unwrap();
    let token = token(&key, json!({}), json!({}));
    let key_id = KeyId::parse("55-qrs").unwrap();
    let identity = verify(&token, Some(&key_id), &rules(), &[key.jwk("k1")], NOW).ok().unwrap();
    assert_eq!(identity.account.generation, Some(55));
    let identity = verify(&token, None, &rules(), &[key.jwk("k1")], NOW).ok().unwrap();
    assert_eq!((identity.account.generation, identity.account.keys_changed_at), (None, None));
}

#[test]
fn only_access_tokens_with_known_algorithms_count() {
    for good in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
        assert_eq!(kind(json!({"typ": good}), json!({})), None, "{good}");
    }
    for bad in [json!("JWT"), json!(null), json!(5)] {
        assert_eq!(kind(json!({"typ": bad}), json!({})), Some(ErrorKind::Malformed));
    }
    for bad in [json!("RS512"), json!("PS256"), json!("none"), json!(null), json!("RS256")] {
        assert_eq!(kind(json!({"alg": bad}), json!({})), Some(ErrorKind::Algorithm));
    }
    assert_eq!(kind(json!({"crit": ["x"]}), json!({})), Some(ErrorKind::Malformed));
    for text in ["", "opaque", "a.b.c", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
        assert_eq!(key_name(text).unwrap_err().kind, ErrorKind::Malformed);
    }
}

#[test]
fn times_are_demanded_and_leeway_is_what_the_rules_say() {
    for (claims, expected) in [
        (json!({"exp": NOW}), Some(ErrorKind::Expired)),
        (json!({"exp": null}), Some(ErrorKind::Malformed)),
        (json!({"exp": "1800000000"}), Some(ErrorKind::Malformed)),
        (json!({"nbf": NOW}), None),
        (json!({"nbf": NOW + 1}), Some(ErrorKind::IssuedLater)),
        (json!({"nbf": "x"}), Some(ErrorKind::Malformed)),
        (json!({"iat": NOW + 1000}), None),
    ] {
        assert_eq!(kind(json!({}), claims), expected);
    }
    let lenient = BearerRules { leeway_seconds: 10, ..rules() };
    assert_eq!(kind_under(&lenient, json!({}), json!({"exp": NOW - 9, "nbf": NOW + 10})), None);
    assert_eq!(kind_under(&lenient, json!({}), json!({"exp": NOW - 10})), Some(ErrorKind::Expired));
}

#[test]
fn user_client_scope_and_session_are_demanded() {
    for (claims, expected) in [
        (json!({"sub": null}), ErrorKind::Malformed),
        (json!({"sub": ""}), ErrorKind::Malformed),
        (json!({"sub": "a@b"}), ErrorKind::Malformed),
        (json!({"client_id": null}), ErrorKind::Malformed),
        (json!({"scope": null}), ErrorKind::Scope),
        (json!({"scope": "profile"}), ErrorKind::Scope),
        (json!({"scope": format!("profile,{SCOPE}")}), ErrorKind::Scope),
        (json!({"fxa-tokenVerified": false}), ErrorKind::SessionUnverified),
        (json!({"fxa-generation": "42"}), ErrorKind::Generation),
    ] {
        assert_eq!(kind(json!({}), claims), Some(expected));
    }
    assert_eq!(kind(json!({}), json!({"scope": format!("profile {SCOPE} x")})), None);
}

#[test]
fn issuer_and_audience_count_where_they_are_set() {
    assert_eq!(kind(json!({}), json!({"aud": "whoever", "iss": null})), None);
    let strict = BearerRules {
        issuer: Some("https://accounts.example.org".into()),
        audience: Some("https://token.example.org".into()),
        ..rules()
    };
    for (claims, expected) in [
        (json!({"aud": "https://token.example.org"}), None),
        (json!({"aud": ["x", "https://token.example.org"]}), None),
        (json!({"aud": "x"}), Some(ErrorKind::Audience)),
        (json!({}), Some(ErrorKind::Audience)),
        (json!({"iss": "x"}), Some(ErrorKind::Issuer)),
        (json!({"iss": ["https://accounts.example.org"]}), Some(ErrorKind::Issuer)),
    ] {
        assert_eq!(kind_under(&strict, json!({}), claims), expected);
    }
}

#[test]
fn what_is_no_key_set_is_refused() {
    for document in ["", "[]", "{}", r#"{"keys": 5}"#] {
        assert!(KeySet::parse(document.as_bytes()).is_err());
    }
    let odd = json!({"keys": [{}, {"kty": "EC", "crv": "P-384"}, {"kty": "RSA", "n": "AQ", "e": "AQAB"},
        with(KeyPair::eddsa().unwrap().jwk("k"), json!({"use": "enc"})),
        with(KeyPair::eddsa().unwrap().jwk("k"), json!({"alg": "RS256"}))]});
    assert_eq!(KeySet::parse(odd.to_string().as_bytes()).unwrap(), KeySet::default());
}
