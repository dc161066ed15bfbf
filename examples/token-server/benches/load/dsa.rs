//! The signatures of a verification, checked by the crate `dsa` and by ring: what it costs who has no equation of his own.

use dsa::signature::hazmat::PrehashVerifier as _;
use dsa::{BoxedUint, Components, Signature, VerifyingKey};
use num_bigint::BigUint;
use powerhose_token_server::identity::maker::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::json;

/// What one signature takes to be checked.
pub(crate) type Check = Box<dyn Fn() + Send + Sync>;

/// A signature of this key pair, checked by the library for its kind.
pub(crate) fn check(keys: &KeyPair) -> Check {
    match keys.public()["algorithm"].as_str().unwrap() {
        "RS" => rs256(keys),
        _ if keys.public()["q"].as_str().unwrap().len() > 40 => ds(keys, 2048, 256),
        _ => ds(keys, 1024, 160),
    }
}

fn rs256(keys: &KeyPair) -> Check {
    let number = |name: &str| {
        let digits = keys.public()[name].as_str().unwrap();
        BigUint::parse_bytes(digits.as_bytes(), 10).unwrap().to_bytes_be()
    };
    let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    Box::new(move || {
        // It is no signature of this message, which costs the same to find out.
        let _ = std::hint::black_box(key.verify(&RSA_PKCS1_2048_8192_SHA256, b"message", &[1; 256]));
    })
}

fn ds(keys: &KeyPair, bits: u32, short: u32) -> Check {
    let boxed = |name: &str, bits| {
        let number = BigUint::parse_bytes(keys.public()[name].as_str().unwrap().as_bytes(), 16).unwrap();
        BoxedUint::from_be_slice(&number.to_bytes_be(), bits).unwrap()
    };
    let group = Components::from_components(boxed("p", bits), boxed("q", short), boxed("g", bits)).unwrap();
    let key = VerifyingKey::from_components(group, boxed("y", bits)).unwrap();
    // What is checked need not be good: it costs the same. (r and s lie between 0 and q.)
    let some = keys.sign(&json!({})).unwrap().into_bytes();
    let number = |from: usize| {
        let mut bytes = some[from..][..short as usize / 8].to_vec();
        bytes[0] = 1;
        BoxedUint::from_be_slice(&bytes, short).unwrap()
    };
    let signature = Signature::from_components(number(0), number(8)).unwrap();
    let hash = some[..short as usize / 8].to_vec();
    Box::new(move || {
        let _ = std::hint::black_box(key.verify_prehash(&hash, &signature));
    })
}
