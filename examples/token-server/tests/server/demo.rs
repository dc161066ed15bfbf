//! The demonstration: what it prints can be done.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{SYNC, ask, wait_for};

/// Ended with the test, as with Ctrl-C.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // A test that panicked comes here too, so nothing is unwrapped.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Starts it in a folder; gives the address that it names.
fn start(folder: &Path) -> (Running, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_token-server"))
        .args(["demo", "--address", "127.0.0.1:0", "--folder"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = wait_for("the demonstration to listen", || {
        let line = lines.next().expect("the demonstration ended").unwrap();
        line.strip_prefix("listening on http://").map(str::to_owned)
    });
    // It writes on: somebody has to read.
    std::thread::spawn(move || lines.for_each(drop));
    (Running(child), address)
}

#[test]
fn the_demonstration_gives_its_user_a_token_in_both_ways_and_again_after_another_start() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for _ in 0..2 {
        let (_running, address) = start(folder.path());
        let assertion = format!("BrowserID {}", read("assertion"));
        let state = ("x-client-state", "00112233445566778899aabbccddeeff");
        let by_assertion = ask(&address, "GET", SYNC, &[("authorization", &assertion), state], "").good();
        let bearer = format!("Bearer {}", read("bearer"));
        let key_id = ("x-keyid", "0000000001234-ABEiM0RVZneImaq7zN3u_w");
        let by_bearer = ask(&address, "GET", SYNC, &[("authorization", &bearer), key_id], "").good();
        assert_eq!(by_assertion["uid"], by_bearer["uid"]);
        assert_eq!(asked_with_hawk(&address, &by_bearer), by_bearer["uid"]);
    }
}

/// Asks the user's node with the header that `token-server hawk` makes; gives whose request it was.
fn asked_with_hawk(address: &str, token: &Value) -> Value {
    let mut hawk = Command::new(env!("CARGO_BIN_EXE_token-server"))
        .arg("hawk")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    hawk.stdin.take().unwrap().write_all(token.to_string().as_bytes()).unwrap();
    let header = String::from_utf8(hawk.wait_with_output().unwrap().stdout).unwrap();
    let header = header.trim().strip_prefix("Authorization: ").unwrap().to_owned();
    let endpoint = token["api_endpoint"].as_str().unwrap();
    let path = endpoint.strip_prefix(&format!("http://{address}"));
    match path {
        Some(path) => ask(address, "GET", path, &[("authorization", &header)], "").good()["uid"].clone(),
        // The user stays on the node of the first start, which had another port.
        None => json!(token["uid"]),
    }
}
