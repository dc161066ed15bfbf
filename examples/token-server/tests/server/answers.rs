//! What the server says of itself, and what all answers have in common.

use serde_json::json;

use crate::support::{SYNC, Server, ask};

#[test]
fn the_server_says_what_it_offers_and_that_it_lives() {
    let original = Server::start(&["--behaviour", "original", "--application", "sync/1.1"]);
    let offered = original.get("/", &[]).good();
    assert_eq!(offered["services"], json!({"sync": ["1.1"]}));
    assert!(offered["browserid"].get("trusted_issuers").is_some() && offered.get("oauth").is_some());
    assert_eq!(original.get("/__heartbeat__", &[]).check_common().text, "OK");
    assert_eq!(original.get("/__lbheartbeat__", &[]).good(), json!({}));
    assert_eq!(offered["auth"], format!("http://{}", original.address));
    let successor = Server::start(&["--public-url", "https://token.example.org/"]);
    let offered = successor.get("/", &[]).good();
    assert_eq!(
        (&offered["services"], &offered["auth"]),
        (&json!({"sync": ["1.5"]}), &json!("https://token.example.org"))
    );
    assert_eq!(successor.get("/__heartbeat__", &[]).good()["status"], "Ok");
    assert_eq!(successor.get("/__lbheartbeat__", &[]).good(), json!({}));
}

#[test]
fn only_get_and_head_are_allowed() {
    let server = Server::start(&[]);
    for path in [SYNC, "/", "/__heartbeat__", "/__lbheartbeat__"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let answer = ask(&server.address, method, path, &[], "");
            assert_eq!(answer.check_common().status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        }
    }
    let assertion = server.issuer.assertion("abc", &json!({}));
    let answer = ask(&server.address, "HEAD", SYNC, &[("authorization", &assertion)], "");
    assert_eq!((answer.check_common().status, answer.text.as_str()), (200, ""));
}

#[test]
fn a_path_that_is_no_text_is_nowhere() {
    let server = Server::start(&["--behaviour", "original"]);
    for path in ["/1.0/%ff/1.5", "/1.5/%ff", "/1.5/1/%ff", "/1.0/sync/1.5/", "/nothing"] {
        let answer = server.get(path, &[]);
        assert_eq!(answer.check_common().status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
    }
}

#[test]
fn a_shorter_life_can_be_asked_for() {
    let server = Server::start(&["--duration", "300"]);
    for (query, seconds) in
        [("", 300), ("?duration=12", 12), ("?duration=0", 300), ("?duration=301", 300), ("?duration=x", 300)]
    {
        let assertion = server.issuer.assertion("abc", &json!({}));
        let answer = server.get(&format!("{SYNC}{query}"), &[("authorization", &assertion)]);
        assert_eq!(answer.good()["duration"], seconds, "{query}");
    }
}

#[test]
fn a_token_can_be_verified_and_its_secret_is_for_nodes_only() {
    let server = Server::start(&["--sealed", "fxa_uid"]);
    let token = server.token(&server.issuer.assertion("abc", &json!({})), &[]).good();
    let body = json!({"token": token["id"]}).to_string();
    let verify = |body: &str| ask(&server.address, "POST", "/tokens/verify", &[], body);
    let said = verify(&body).good();
    assert_eq!(said["claims"]["uid"], token["uid"]);
    assert!(said.get("secret").is_none() && said["claims"].get("fxa_uid").is_none(), "{said}");
    let told = server.told(&token["id"]).good();
    assert_eq!((&told["secret"], &told["claims"]["fxa_uid"]), (&token["key"], &json!("abc")));
    let mut forged = token["id"].as_str().unwrap().to_owned();
    forged.replace_range(10..11, if forged.as_bytes()[10] == b'A' { "B" } else { "A" });
    let answer = verify(&json!({"token": forged}).to_string());
    assert_eq!((answer.check_common().status, &answer.json()["status"]), (401, &json!("invalid-token")));
    assert_eq!(verify("{}").status, 400);
    assert_eq!(verify(&"x".repeat(100_000)).status, 413);
    assert_eq!(ask(&server.address, "GET", "/tokens/verify", &[], "").header("allow"), Some("POST"));
}

#[test]
fn what_happens_is_counted() {
    let server = Server::start(&[]);
    server.token(&server.issuer.assertion("abc", &json!({})), &[]).good();
    server.token("Basic x", &[]);
    let metrics = ask(&server.inner, "GET", "/metrics", &[], "").text;
    for line in [
        "token_server_answers_total{route=\"/1.0/{application}/{version}\",status=\"200\",word=\"\"} 1",
        "token_server_answers_total{route=\"/1.0/{application}/{version}\",status=\"401\",word=\"error\"} 1",
        "token_server_verifications_total{scheme=\"browserid\",outcome=\"good\"} 1",
        "token_server_workers 1",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert_eq!(server.get("/metrics", &[]).status, 404, "not for everybody");
}
