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

#[test]
fn what_holds_no_vectors_is_an_error() {
    for file in ["/nowhere", "/dev/null"] {
        let output = verify(file);
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(output.stdout.is_empty());
    }
}
