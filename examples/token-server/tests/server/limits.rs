//! What one address or issuer may cost.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::support::{PATIENCE, Server, ask};

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

/// A connection over which this was sent.
fn sent(address: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// What comes until the server ends the connection.
fn all_of(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_client_that_never_finishes_its_head_is_let_go_and_others_are_answered() {
    let server = Server::start(&["--head-timeout", "1"]);
    for address in [&server.address, &server.inner] {
        let slow = ["", "GET / HTTP/1.1\r\nhost: x\r\n"].map(|head| sent(address, head));
        assert_eq!(ask(&server.address, "GET", "/__lbheartbeat__", &[], "").status, 200);
        for stream in slow {
            let answer = all_of(stream);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
    }
}

#[test]
fn a_body_that_never_comes_is_refused() {
    let server = Server::start(&["--head-timeout", "1", "--timeout", "1"]);
    for address in [&server.address, &server.inner] {
        let head = "POST /tokens/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{";
        let answer = all_of(sent(address, head));
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("did not come in time"), "{answer}");
    }
}

#[test]
fn a_connection_too_many_waits_until_another_ends_and_the_operator_is_not_concerned() {
    let server = Server::start(&["--connections-max", "1", "--head-timeout", "600"]);
    let head = "GET /__lbheartbeat__ HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut first = sent(&server.address, head);
    let mut begin = [0; 12];
    first.read_exact(&mut begin).unwrap();
    let mut second = sent(&server.address, head);
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert_eq!(second.read_exact(&mut begin).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(ask(&server.inner, "GET", "/metrics", &[], "").status, 200);
    drop(first);
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    second.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
}
