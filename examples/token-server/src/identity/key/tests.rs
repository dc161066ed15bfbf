//! Signatures of fresh keys, the byte-short ones among them, and keys that are none.

use ::dsa::signature::hazmat::PrehashVerifier as _;
use ::dsa::{BoxedUint, Components, Signature, VerifyingKey};
use proptest::prelude::*;
use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::*;
use crate::identity::jws::Jws;
use crate::identity::maker::KeyPair;

const RSA: &[u8] = include_bytes!("../../../tests/data/throw-away-rsa.pk8");

fn is_good(keys: &KeyPair, object: &str) -> bool {
    let object = Jws::parse(object).unwrap();
    let key = PublicKey::parse(keys.public()).unwrap();
    object.algorithm() == Some(key.algorithm()) && key.verifies(object.signed, &object.signature().unwrap())
}

#[test]
fn two_thousand_fresh_rsa_signatures_are_good_and_some_are_a_byte_short() {
    let keys = KeyPair::rs256(RSA).unwrap();
    let mut short = 0;
    for number in 0..2000 {
        let object = keys.sign(&json!({"number": number, "aud": "https://token.example.org"})).unwrap();
        let length = Jws::parse(&object).unwrap().signature().unwrap().len();
        short += usize::from(length < 256);
        assert!(is_good(&keys, &object), "{object}");
    }
    assert!(short > 0);
}

#[test]
fn zeros_in_front_of_an_rsa_signature_do_not_matter() {
    let keys = KeyPair::rs256(RSA).unwrap();
    let object = keys.sign(&json!({})).unwrap();
    let object = Jws::parse(&object).unwrap();
    let signature = [vec![0; 3], object.signature().unwrap()].concat();
    let key = PublicKey::parse(keys.public()).unwrap();
    assert!(key.verifies(object.signed, &signature));
    assert!(!key.verifies(object.signed, &[&[1], &signature[..]].concat()));
}

#[test]
fn fresh_dsa_signatures_are_good_and_the_crate_dsa_says_the_same() {
    for keys in [KeyPair::ds128().unwrap(), KeyPair::ds256().unwrap()] {
        for number in 0..10 {
            assert!(is_good(&keys, &keys.sign(&json!({"number": number})).unwrap()));
        }
    }
}

#[test]
fn our_equation_and_that_of_the_crate_dsa_agree_on_good_and_bad_signatures() {
    let keys = KeyPair::ds128().unwrap();
    let number =
        |name: &str| BigUint::parse_bytes(keys.public()[name].as_str().unwrap().as_bytes(), 16).unwrap();
    let boxed = |number: BigUint, bits| BoxedUint::from_be_slice(&number.to_bytes_be(), bits).unwrap();
    let group = Components::from_components(
        boxed(number("p"), 1024),
        boxed(number("q"), 160),
        boxed(number("g"), 1024),
    );
    let theirs = VerifyingKey::from_components(group.unwrap(), boxed(number("y"), 1024)).unwrap();
    let ours = PublicKey::parse(keys.public()).unwrap();
    let object = keys.sign(&json!({"x": 1})).unwrap();
    let object = Jws::parse(&object).unwrap();
    let good = object.signature().unwrap();
    for changed in 0..=good.len() {
        let mut signature = good.clone();
        if let Some(byte) = signature.get_mut(changed) {
            *byte ^= 1;
        }
        let half = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, 160).unwrap();
        let parsed = Signature::from_components(half(&signature[..20]), half(&signature[20..])).unwrap();
        let their_word = theirs.verify_prehash(&Sha1::digest(object.signed), &parsed).is_ok();
        assert_eq!(ours.verifies(object.signed, &signature), their_word);
        assert_eq!(their_word, changed == good.len());
    }
}

#[test]
fn r_and_s_are_no_longer_than_q_and_below_it() {
    let keys = KeyPair::ds128().unwrap();
    let key = PublicKey::parse(keys.public()).unwrap();
    let q = BigUint::parse_bytes(keys.public()["q"].as_str().unwrap().as_bytes(), 16).unwrap();
    let beyond = (q + 1_u8).to_bytes_be();
    let one = [vec![0; 19], vec![1]].concat();
    for signature in [[beyond.clone(), one.clone()].concat(), [one.clone(), beyond].concat(), vec![1; 41]] {
        assert!(!key.verifies(b"x", &signature));
    }
}

#[test]
fn a_hexadecimal_number_may_have_an_odd_number_of_digits() {
    let keys = KeyPair::ds256().unwrap();
    let mut public = keys.public().clone();
    for name in ["p", "q", "g", "y"] {
        public[name] = format!("0{}", public[name].as_str().unwrap()).into();
    }
    let key = PublicKey::parse(&public).unwrap();
    let object = keys.sign(&json!({})).unwrap();
    let object = Jws::parse(&object).unwrap();
    assert!(key.verifies(object.signed, &object.signature().unwrap()));
}

#[test]
fn what_is_no_key_is_told_from_what_is_none_of_ours() {
    let keys = KeyPair::ds128().unwrap();
    let changed = |name: &str, value: &str| {
        let mut key = keys.public().clone();
        key[name] = value.into();
        PublicKey::parse(&key).err()
    };
    for (name, value) in
        [("p", "-5"), ("p", "+5"), ("p", ""), ("g", "1"), ("y", "0"), ("q", "4"), ("y", &"f".repeat(257))]
    {
        assert_eq!(changed(name, value), Some(KeyError::Malformed), "{name} {value}");
    }
    assert_eq!(changed("q", "5"), Some(KeyError::Unsupported));
    for (key, error) in [
        (json!(null), KeyError::Malformed),
        (json!({"algorithm": "RS"}), KeyError::Malformed),
        (json!({"algorithm": "RS", "n": 5, "e": "3"}), KeyError::Malformed),
        (json!({"algorithm": "RS", "n": "9".repeat(2000), "e": "3"}), KeyError::Malformed),
        (json!({"algorithm": "RS", "n": "9".repeat(300), "e": "3"}), KeyError::Unsupported),
        (json!({"algorithm": "RS", "n": "9".repeat(617), "e": "4"}), KeyError::Unsupported),
        (json!({"kty": "EC"}), KeyError::Unsupported),
    ] {
        assert_eq!(PublicKey::parse(&key).err(), Some(error), "{key}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_a_signature(signature in prop::collection::vec(any::<u8>(), 0..300)) {
        let rsa = KeyPair::rs256(RSA).unwrap();
        prop_assert!(!PublicKey::parse(rsa.public()).unwrap().verifies(b"x", &signature));
    }
}
