//! The resource that takes requests signed with a token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{Answer, Server, ask};

/// The header that a HAWK client makes.
fn header(token: &Value, method: &str, path: &str, address: &str, (ts, nonce): (u64, &str)) -> String {
    let (host, port) = address.rsplit_once(':').unwrap();
    let text = format!("hawk.1.header\n{ts}\n{nonce}\n{method}\n{path}\n{host}\n{port}\n\n\n");
    let key = hmac::Key::new(hmac::HMAC_SHA256, token["key"].as_str().unwrap().as_bytes());
    let mac = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    let id = token["id"].as_str().unwrap();
    format!(r#"Hawk id="{id}", ts="{ts}", nonce="{nonce}", mac="{mac}""#)
}

fn now() -> u64 {
    u64::try_from(crate::support::issuer::now() / 1000).unwrap()
}

#[test]
fn a_request_that_is_signed_with_a_token_is_its_users() {
    let server = Server::start(&[]);
    let token = |user: &str| server.token(&server.issuer.assertion(user, &json!({})), &[]).good();
    let (token, other) = (token("abc"), token("abd"));
    let path = format!("/1.5/{}/info/collections?full=1", token["uid"]);
    let get = |header: &str| -> Answer { server.get(&path, &[("authorization", header)]) };
    let signed = |token: &Value, at| header(token, "GET", &path, &server.address, at);
    let good = signed(&token, (now(), "n1"));
    assert_eq!(get(&good).good()["uid"], token["uid"]);
    let refused = |header: &str, name: &str| {
        let answer = get(header);
        assert_eq!((answer.check_common().status, answer.header("www-authenticate")), (401, Some("Hawk")));
        assert_eq!(answer.json()["errors"][0]["name"], name, "{answer:?}");
    };
    refused(&good, "repeated");
    refused(&signed(&token, (now(), "n2")).replace("nonce=\"n2", "nonce=\"n3"), "bad_mac");
    refused(&signed(&other, (now(), "n1")), "another_user");
    refused("Hawk id=\"x\"", "malformed");
    refused(&good.replace("mac=\"", "mac=\"!"), "bad_mac");
    let posted = ask(&server.address, "POST", &path, &[("authorization", &good)], "x");
    assert_eq!(posted.status, 401, "the method is signed");
    let stale = get(&signed(&token, (now() - 3600, "n4")));
    let challenge = stale.header("www-authenticate").unwrap().to_owned();
    assert!(challenge.contains("tsm=") && challenge.contains("error=\"Stale timestamp\""), "{challenge}");
}
