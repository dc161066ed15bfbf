//! What one address or issuer may cost.

use serde_json::json;

use crate::support::Server;

/// Asks until it is refused; the answer.
fn refused_by(server: &Server, headers: impl Fn(usize) -> String) -> Option<crate::support::Answer> {
    let assertion = server.issuer.assertion("abc", &json!({}));
    let answers = (0..6).map(|number| server.token(&assertion, &[("x-forwarded-for", &headers(number))]));
    answers.into_iter().find(|answer| answer.status == 429)
}

#[test]
fn an_address_that_has_had_its_share_is_told_when_to_come_back() {
    let server = Server::start(&["--verifications-per-address", "1"]);
    // Whoever is behind no proxy can write what it likes.
    let answer = refused_by(&server, |number| format!("192.0.2.{number}")).unwrap();
    answer.refused((429, "error", "body", "address", "Too many verifications"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.get("/__lbheartbeat__", &[]).status, 200);
}

#[test]
fn behind_a_proxy_the_address_is_the_one_that_the_proxy_saw() {
    let server = Server::start(&["--verifications-per-address", "1", "--proxies", "1"]);
    assert!(refused_by(&server, |number| format!("203.0.113.1, 192.0.2.{number}")).is_none());
    assert!(refused_by(&server, |number| format!("192.0.2.{number}, 203.0.113.1")).is_some());
}

#[test]
fn an_issuer_can_be_limited_too() {
    let server = Server::start(&["--verifications-per-issuer", "1"]);
    let answer = refused_by(&server, |_| String::new()).unwrap();
    answer.refused((429, "error", "body", "issuer", "Too many verifications"));
}
