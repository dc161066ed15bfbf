//! The real service with its real workers, asked by a real HTTP client: every answer it can give.
//!
//! Every sentence about its answers has its test here; nothing is replaced by a double.

mod support;

use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::{SECRET, Service, file, issued, key, refusal, verified, wait_for, workers};

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn a_token_is_issued_and_verified() {
    let service = Service::start(&[]);
    let answer = service.post("/tokens", &json!({"uid": 5, "name": "Zoë", "private": {"mail": "a@b"}}));
    assert_eq!((answer.status, answer.cache_control.as_deref()), (201, Some("no-store")));
    let ahead = answer.body["expires"].as_f64().unwrap() - now();
    assert!((290.0..=300.0).contains(&ahead), "{ahead}");
    let answer_again = service.post("/tokens/verify", &json!({"token": answer.body["token"]}));
    assert_eq!((answer_again.status, answer_again.cache_control.as_deref()), (200, Some("no-store")));
    let verified = &answer_again.body;
    assert_eq!(verified["claims"]["uid"], 5);
    assert_eq!(verified["claims"]["name"], "Zoë");
    assert_eq!(verified["claims"]["private"], json!({"mail": "a@b"}));
    assert_eq!(verified["secret"], answer.body["secret"]);
    assert_eq!(answer.body["secret"].as_str().unwrap().len(), 44);
}

#[test]
fn it_listens_on_this_machine_and_says_so() {
    let service = Service::start(&[]);
    assert!(service.address.starts_with("127.0.0.1:"));
    wait_for("the notice", || service.log().contains("other machines do not reach").then_some(()));
    assert!(service.log().contains("no --secret-file: a secret is made for this run"));
    let answer = service.ask("GET", "/healthz", None);
    assert_eq!((answer.status, &answer.body), (200, &json!({"status": "ok"})));
}

#[test]
fn other_machines_are_let_in_only_on_demand() {
    let text = refusal(&["--address", "0.0.0.0:0"]);
    assert!(text.contains("--let-anyone-ask"), "{text}");
    let service = Service::start_at("0.0.0.0:0", &["--let-anyone-ask"]);
    wait_for("the notice", || service.log().contains("whoever reaches this address").then_some(()));
    assert_eq!(service.ask("GET", "/healthz", None).status, 200);
}

#[test]
fn every_algorithm_with_a_key_makes_jwts() {
    let keys = ["rfc8037-a1-eddsa.pem", "rfc7515-a3-es256.pem", "rfc7515-a2-rs256.pem"].map(key);
    let mut arguments = Vec::new();
    for key in &keys {
        arguments.extend(["--key", key.to_str().unwrap()]);
    }
    let service = Service::start(&arguments);
    for algorithm in ["EdDSA", "ES256", "RS256"] {
        let answer = service.post(&format!("/tokens?alg={algorithm}"), &json!({"sub": "x", "private": 1}));
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        assert!(answer.body.get("secret").is_none());
        let verified = verified(&service, &answer.body["token"]);
        assert_eq!(verified["alg"], algorithm);
        assert_eq!(verified["claims"]["private"], 1);
        assert_eq!(verified["claims"]["exp"], answer.body["expires"]);
    }
}

#[test]
fn what_cannot_be_signed_has_its_reason() {
    let service = Service::start(&["--longest-lifetime", "1000"]);
    let error = |path: &str, claims: Value| {
        let answer = service.post(path, &claims);
        let (status, code) = answer.error();
        (status, code.to_owned())
    };
    let case = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(error("/tokens", json!([1])), case(400, "not_an_object"));
    assert_eq!(error("/tokens", json!({"expires": "soon"})), case(400, "bad_claim"));
    assert_eq!(error("/tokens", json!({"expires": now() + 2000.0})), case(400, "lifetime_too_long"));
    assert_eq!(error("/tokens", json!({"x": "y".repeat(9000)})), case(413, "claims_too_large"));
    assert_eq!(error("/tokens", json!({"x": "y".repeat(70_000)})), case(413, "body_too_large"));
    assert_eq!(error("/tokens?alg=EdDSA", json!({})), case(400, "no_key"));
    assert_eq!(error("/tokens?alg=none", json!({})), case(400, "unknown_algorithm"));
    assert_eq!(error("/tokens?alg=", json!({})), case(400, "unknown_algorithm"));
    assert_eq!(error("/tokens?alg=EdDSA&alg=RS256", json!({})), case(400, "bad_request"));
}

#[test]
fn bad_tokens_are_a_401_with_their_reason() {
    let (_folder, secrets) = file(SECRET);
    let service = Service::start(&["--secret-file", secrets.to_str().unwrap()]);
    let token = issued(&service, &json!({"uid": 5}))["token"].as_str().unwrap().to_owned();
    let changed = token.replacen('e', "f", 1);
    let expired = issued(&service, &json!({"expires": now() - 1.0}))["token"].as_str().unwrap().to_owned();
    for (token, reason) in [
        (changed.as_str(), "tampered"),
        (&expired, "expired"),
        ("", "truncated"),
        ("!", "bad_base64"),
        ("AB==", "not_canonical"),
        ("a.b", "malformed"),
        ("eyJhbGciOiJub25lIn0.e30.", "algorithm_mismatch"),
        (&"A".repeat(20_000), "too_long"),
    ] {
        let answer = service.post("/tokens/verify", &json!({"token": token}));
        assert_eq!(answer.error(), (401, reason));
        assert_eq!(answer.challenge.as_deref(), Some("Bearer error=\"invalid_token\""));
    }
    assert_eq!(service.post("/tokens/verify", &json!({"token": 5})).error(), (400, "bad_request"));
    assert_eq!(service.post("/tokens/verify", &json!({})).error(), (400, "bad_request"));
}

#[test]
fn malformed_requests_are_answered_in_json() {
    let service = Service::start(&[]);
    let json = |body: &'static str| Some(("application/json", body.as_bytes()));
    for path in ["/tokens", "/tokens/verify"] {
        for body in ["", "{", "{\"a\":1}x", "\u{feff}{}", "{\"a\":\"\\ud800\"}"] {
            assert_eq!(service.ask("POST", path, json(body)).error(), (400, "bad_request"), "{path} {body}");
        }
        let not_text = Some(("application/json", &b"{\"a\":\"\xff\"}"[..]));
        assert_eq!(service.ask("POST", path, not_text).error(), (400, "bad_request"));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
            let answer = service.ask("POST", path, Some((kind, b"{}")));
            assert_eq!(answer.error(), (415, "unsupported_media_type"), "{kind}");
        }
        let answer = service.ask("GET", path, None);
        assert_eq!((answer.error(), answer.allow.as_deref()), ((405, "method_not_allowed"), Some("POST")));
        assert_eq!(service.ask("DELETE", path, None).error(), (405, "method_not_allowed"));
    }
    assert_eq!(service.ask("POST", "/healthz", json("{}")).error(), (405, "method_not_allowed"));
    for path in ["/", "/token", "/tokens/", "/tokens/verify/x", "/%2e%2e/etc/passwd"] {
        assert_eq!(service.ask("GET", path, None).error(), (404, "not_found"), "{path}");
    }
    let with_charset = Some(("Application/JSON; charset=utf-8", &b"{}"[..]));
    assert_eq!(service.ask("POST", "/tokens", with_charset).status, 201);
}

#[test]
fn deeply_nested_claims_do_no_harm() {
    let service = Service::start(&[]);
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let answer = service.ask("POST", "/tokens", Some(("application/json", nested.as_bytes())));
    assert_eq!(answer.error(), (400, "bad_request"));
    // The worker's request, its reply and the token itself wrap claims some levels deeper.
    for depth in [60, 63, 64, 65, 124, 125, 126, 127, 128] {
        let nested = format!("{{\"private\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let answer = service.ask("POST", "/tokens", Some(("application/json", nested.as_bytes())));
        match depth {
            ..=63 => {
                assert_eq!(answer.status, 201, "depth {depth}");
                verified(&service, &answer.body["token"]);
            }
            64..=126 => assert_eq!(answer.error(), (400, "claims_too_deep"), "depth {depth}"),
            _ => assert_eq!(answer.error(), (400, "bad_request"), "depth {depth}"),
        }
    }
}

#[test]
fn all_workers_sign_with_the_same_secret() {
    let service = Service::start(&[]);
    assert_eq!(wait_for("two workers", || Some(workers(service.id())).filter(|ids| ids.len() == 2)).len(), 2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for uid in 0..20 {
                    let token = &issued(&service, &json!({"uid": uid}))["token"];
                    assert_eq!(verified(&service, token)["claims"]["uid"], uid);
                }
            });
        }
    });
}
