//! Files of CURVE keys.

use powerhose_protocol::{CurveClient, CurveError, CurveKey, CurveServer};
use std::path::PathBuf;

/// A file that is gone at the end of its test.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(name: &str, text: &str) -> KeyFile {
        let path = std::env::temp_dir().join(format!("powerhose-{name}-{}", std::process::id()));
        std::fs::write(&path, text).expect("a temporary file can be written");
        KeyFile(path)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn key(number: u8) -> CurveKey {
    CurveKey::new([number; 32])
}

#[test]
fn a_client_has_three_keys() {
    let (server, public, secret) = (key(1).to_z85(), key(2).to_z85(), key(3).to_z85());
    let text = format!("# mine\nserver {server}\n\npublic {public}\nsecret\t{secret}\n");
    let file = KeyFile::new("curve-client", &text);
    let keys = CurveClient::from_file(&file.0).expect("they are all there");
    assert_eq!((keys.server, keys.own.public, keys.own.secret), (key(1), key(2), key(3)));
}

#[test]
fn a_server_has_its_own_keys_and_a_list() {
    let line = |name: &str, number| format!("{name} {}\n", key(number).to_z85());
    let text = [line("public", 1), line("secret", 2), line("allow", 3), line("allow", 4)].concat();
    let file = KeyFile::new("curve-server", &text);
    let keys = CurveServer::from_file(&file.0).expect("they are all there");
    assert_eq!(keys.allowed, [key(3), key(4)]);
}

#[test]
fn what_is_wrong_with_a_file_is_told_and_no_key_is() {
    let secret = key(3).to_z85();
    let unknown = KeyFile::new("curve-unknown", &format!("public {secret}\nsecrete {secret}\n"));
    let error = CurveClient::from_file(&unknown.0).expect_err("no line begins so").to_string();
    assert!(error.contains("line 2") && error.contains("server, public, secret"), "{error}");
    assert!(!error.contains(&secret));

    let lacking = KeyFile::new("curve-lacking", &format!("public {secret}\nsecret {secret}\n"));
    let error = CurveClient::from_file(&lacking.0).expect_err("whom it speaks with is not said");
    assert!(matches!(error, CurveError::Missing { name: "server", .. }), "{error}");

    let broken = KeyFile::new("curve-broken", &format!("public {}\n", &secret[1..]));
    let error = CurveServer::from_file(&broken.0).expect_err("a character is missing").to_string();
    assert!(error.contains("line 1") && error.contains("40 characters"), "{error}");

    assert!(matches!(CurveServer::from_file("/nowhere/keys"), Err(CurveError::File { .. })));
}
