//! `token-server verify` from outside.

use std::process::{Command, Output};

fn verify(file: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_token-server")).args(["verify", "--vectors", file]).output().unwrap()
}

#[test]
fn every_vector_gets_its_line_and_all_agree() {
    let output = verify(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/browserid-vectors.json"));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert_eq!(lines.lines().count(), 56);
    for line in [
        r#"{"name":"keys-issuer-rs256-user-ds128","ok":{"email":"user@example.org","issuer":"example.org","audience":"https://token.example.org"}}"#,
        r#"{"name":"time-assertion-iat-future","error":"issued-later"}"#,
        r#"{"name":"order-expired-and-forged","error":"signature"}"#,
    ] {
        assert!(lines.lines().any(|found| found == line), "{lines}");
    }
}

#[test]
fn a_vector_that_differs_is_named_and_the_status_is_one() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let case = r#"{"cases": [{"name": "odd", "assertion": "x", "audience": "y", "now_ms": 5, "expected": {"error": "chain"}}]}"#;
    std::fs::write(file.path(), case).unwrap();
    let output = verify(file.path().to_str().unwrap());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"name\":\"odd\",\"error\":\"malformed\"}\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "not as the file says: odd\n");
}

/// Replays a file of the first good vector and `others`; what is printed of the others.
fn judged_beside_a_good_one(others: &[String]) -> (Vec<String>, String) {
    let all = include_str!("data/browserid-vectors.json");
    let good = &serde_json::from_str::<serde_json::Value>(all).unwrap()["cases"][0];
    let file = tempfile::NamedTempFile::new().unwrap();
    let cases = [others, &[good.to_string()]].concat().join(", ");
    std::fs::write(file.path(), format!(r#"{{"about": "\ud800", "cases": [{cases}]}}"#)).unwrap();
    let output = verify(file.path().to_str().unwrap());
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    assert!(lines.pop().unwrap().starts_with(&format!(r#"{{"name":{},"ok":"#, good["name"])), "{lines:?}");
    (lines, String::from_utf8(output.stderr).unwrap())
}

/// The first good vector, in which `from` is `to`.
fn changed(from: &str, to: &str) -> String {
    let all = include_str!("data/browserid-vectors.json");
    let good = serde_json::from_str::<serde_json::Value>(all).unwrap()["cases"][0].to_string();
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1)
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

#[test]
fn what_need_not_be_read_is_not_minded() {
    let deep = nested(100_000);
    let notes =
        [r#""\ud800""#, &deep].map(|odd| changed(r#""maker":"#, &format!(r#""more": {odd}, "maker":"#)));
    let results = [r#""\udc00x""#, &deep]
        .map(|odd| changed(r#""results":{"#, &format!(r#""results":{{"other": {odd}, "#)));
    let document =
        changed(r#""support_documents":{"#, &format!(r#""support_documents":{{"other": {deep}, "#));
    let (lines, differing) = judged_beside_a_good_one(&[&notes[..], &results, &[document]].concat());
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| line.contains(r#""ok":{"email":"user@example.org""#)), "{lines:?}");
    assert_eq!(differing, "");
}

#[test]
fn a_vector_that_cannot_be_read_is_malformed_and_the_others_are_judged() {
    let others = [
        changed(r#""assertion":""#, r#""assertion":"\ud800"#),
        changed(r#""audience":"https://token"#, r#""audience":"\ud800https://token"#),
        changed(r#""now_ms":"#, &format!(r#""now_ms":{}, "then":"#, nested(128))),
        changed(r#""public-key":"#, r#""odd":"\ud800", "public-key":"#),
        changed(r#""name":""#, r#""name":"odd \udfff "#).replace(r#""ok":"#, r#""no":"#),
        r#"{"assertion": 5, "expected": {"error": "malformed", "text": "\ud800"}}"#.to_owned(),
        "\"\\ud800\"".to_owned(),
        nested(100_000),
    ];
    let (lines, differing) = judged_beside_a_good_one(&others);
    let kinds: Vec<Option<String>> = lines
        .iter()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["error"].as_str().map(str::to_owned)
        })
        .collect();
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_deref().unwrap_or("good")).collect();
    let malformed = "malformed";
    assert_eq!(kinds, [malformed, "audience", malformed, "issuer", "good", malformed, malformed, malformed]);
    assert!(lines[4].starts_with("{\"name\":\"odd \u{fffd}"), "{lines:?}");
    assert!(lines[5].contains(r##""name":"#6""##), "{lines:?}");
    assert!(differing.contains("odd \u{fffd}") && differing.ends_with(", #7, #8\n"), "{differing}");
}

#[test]
fn what_holds_no_vectors_is_an_error() {
    for file in ["/nowhere", "/dev/null"] {
        let output = verify(file);
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(output.stdout.is_empty());
    }
}
