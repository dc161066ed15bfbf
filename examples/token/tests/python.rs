//! Holds the tokenlib format against an independent rendering of its rules, `tests/tokenlib_rules.py`, both
//! ways.
//!
//! Never skips: without `python3` these tests fail and say so. Run them with `--features python-tests`.
#![cfg(feature = "python-tests")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use powerhose_example_token::claims::Lifetimes;
use powerhose_example_token::error::VerifyError;
use powerhose_example_token::keyring::Keyring;
use powerhose_example_token::random::SystemSource;
use powerhose_example_token::secret::Secret;
use serde_json::{Value, json};

const SECRET: &str = "a secret with an é, 32 bytes or more";

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock stands after 1970")
}

fn keyring() -> Keyring {
    Keyring::new(vec![Secret::new(SECRET.as_bytes())], vec![], Lifetimes::default()).unwrap()
}

/// Runs the script's action on the input and reads its answer.
fn python(action: &str, input: &str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tokenlib_rules.py");
    let mut child = Command::new("python3")
        .args([script, action, SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("these tests need python3 in the PATH; without it, leave out --features python-tests");
    child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "tokenlib_rules.py {action} failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn python_parses_what_we_make() {
    for claims in [
        json!({}),
        json!({"uid": 5, "name": "Zoë 🦀", "nested": {"list": [1, 2.5, null, true, "\u{7f}\"\\"]}}),
        json!({"salt": "abc", "expires": now().as_secs_f64() + 10.25}),
        json!({"salt": ""}),
    ] {
        let issued = keyring().sign(claims.clone(), None, &SystemSource::new(), now()).unwrap();
        let parsed = python("parse", &issued.token);
        for (name, value) in claims.as_object().unwrap() {
            assert_eq!(&parsed["claims"][name], value, "{name}");
        }
        assert_eq!(parsed["secret"].as_str(), issued.secret.as_deref());
    }
}

#[test]
fn we_parse_what_python_makes() {
    for claims in
        [json!({}), json!({"uid": 5, "name": "Zoë 🦀", "x": [1.5, "\u{0}"]}), json!({"salt": "s a l t"})]
    {
        let made = python("make", &claims.to_string());
        let verified = keyring().verify(made["token"].as_str().unwrap(), now()).unwrap();
        for (name, value) in claims.as_object().unwrap() {
            assert_eq!(&verified.claims[name], value, "{name}");
        }
        assert!(verified.claims["expires"].is_f64(), "Python's default expiry has a fraction");
        assert_eq!(verified.secret.as_deref(), made["secret"].as_str());
    }
}

#[test]
fn both_refuse_what_has_expired_or_was_changed() {
    let expired = python("make", r#"{"expires": 1}"#);
    let token = expired["token"].as_str().unwrap();
    assert_eq!(keyring().verify(token, now()).err(), Some(VerifyError::Expired));
    assert_eq!(python("parse", token), json!({"error": "expired"}));

    let issued = keyring().sign(json!({"uid": 5}), None, &SystemSource::new(), now()).unwrap();
    let changed = issued.token.replacen('e', "f", 1);
    assert_eq!(keyring().verify(&changed, now()).err(), Some(VerifyError::Tampered));
    assert_eq!(python("parse", &changed), json!({"error": "tampered"}));
}
