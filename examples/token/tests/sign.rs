//! The real `token sign` with its real workers.
//!
//! Tokens are checked with the library, from the same secrets.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use powerhose_example_token::claims::Lifetimes;
use powerhose_example_token::key::SigningKey;
use powerhose_example_token::keyring::Keyring;
use powerhose_example_token::secret::Secret;
use serde_json::Value;

use crate::support::{SECRET, children, file, key, runs, wait_for};

fn claims(token: &str) -> Value {
    let pem = std::fs::read(key("rfc8037-a1-eddsa.pem")).unwrap();
    let keys = vec![SigningKey::from_file_content(&pem).unwrap()];
    let keyring = Keyring::new(vec![Secret::new(SECRET.as_bytes())], keys, Lifetimes::default()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Value::Object(keyring.verify(token, now).unwrap().claims)
}

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_token"))
        .args(["sign", "--workers", "2"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Signs the input from beginning to end.
fn signed(arguments: &[&str], input: &[u8]) -> Output {
    let (_folder, secrets) = file(SECRET);
    let mut child = start(&[&["--secret-file", secrets.to_str().unwrap()], arguments].concat());
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // Whoever ends early does not read all of it.
            let _written = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    })
}

fn stdout(output: &Output) -> Vec<&str> {
    str::from_utf8(&output.stdout).unwrap().lines().collect()
}

#[test]
fn tokens_come_in_the_order_of_the_claims() {
    let input: String = (0..500).map(|uid| format!("{{\"uid\":{uid}}}\n")).collect();
    let output = signed(&[], input.as_bytes());
    assert!(output.status.success());
    let tokens = stdout(&output);
    assert_eq!(tokens.len(), 500);
    for (uid, token) in tokens.iter().enumerate() {
        assert_eq!(claims(token)["uid"], uid);
    }
    assert_eq!(str::from_utf8(&output.stderr), Ok(""), "no progress is shown where nobody looks");
}

#[test]
fn a_bad_line_leaves_an_empty_line_and_the_status_1() {
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(40_000));
    let input = format!("{{\"uid\":1}}\nsesame\n[]\n\n{{\"expires\":\"x\"}}\n{long}\n{{\"uid\":2}}");
    let output = signed(&[], input.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let lines = stdout(&output);
    assert_eq!(lines.len(), 7);
    assert_eq!(claims(lines[0])["uid"], 1);
    assert_eq!(lines[1..6], [""; 5]);
    assert_eq!(claims(lines[6])["uid"], 2);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors: Vec<&str> = errors.lines().collect();
    assert_eq!(errors.len(), 5, "{errors:?}");
    for (error, number) in errors.iter().zip(2..) {
        assert!(error.starts_with(&format!("line {number}: ")) && !error.contains("sesame"), "{error}");
    }
    assert!(errors[1].contains("must be a JSON object"));
}

#[test]
fn jwts_are_signed_with_the_key() {
    let key = key("rfc8037-a1-eddsa.pem");
    let output =
        signed(&["--alg", "EdDSA", "--key", key.to_str().unwrap()], b"{\"sub\":\"x\",\"private\":7}\n");
    assert!(output.status.success());
    let tokens = stdout(&output);
    assert_eq!(tokens[0].split('.').count(), 3);
    assert_eq!(claims(tokens[0])["private"], 7);
}

#[test]
fn nothing_in_gives_nothing_out() {
    let output = signed(&[], b"");
    assert!(output.status.success());
    assert!(output.stdout.is_empty());
}

#[test]
fn each_token_comes_while_the_input_is_still_open() {
    let (_folder, secrets) = file(SECRET);
    let mut child = start(&["--secret-file", secrets.to_str().unwrap()]);
    let mut stdin = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for uid in 0..3 {
        writeln!(stdin, "{{\"uid\":{uid}}}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(claims(line.trim_end())["uid"], uid);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let (_folder, secrets) = file(SECRET);
    let mut child = start(&["--secret-file", secrets.to_str().unwrap()]);
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{{}}").unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let workers = children(child.id());
    assert_eq!(workers.len(), 2);
    drop(output);
    // The input stays open: the end must come from the output alone.
    writeln!(stdin, "{{}}").unwrap();
    let status = wait_for("the end", || child.try_wait().unwrap());
    assert!(status.success());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
    for worker in workers {
        wait_for("the worker to end", || (!runs(worker)).then_some(()));
    }
}

/// The tokens of one run are of one secret, and no other run has it.
#[test]
fn without_a_secret_file_a_secret_is_made_for_the_run_and_the_reader_is_told() {
    let token = || {
        let mut child = start(&[]);
        child.stdin.take().unwrap().write_all(b"{\"uid\":1}\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        assert!(errors.starts_with("no --secret-file: ") && errors.lines().count() == 1, "{errors}");
        let [token] = stdout(&output)[..] else { panic!("{output:?}") };
        token.to_owned()
    };
    let keyring =
        Keyring::new(vec![Secret::new(SECRET.as_bytes())], Vec::new(), Lifetimes::default()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let tokens = [token(), token()];
    assert_ne!(tokens[0], tokens[1]);
    for token in tokens {
        assert!(keyring.verify(&token, now).is_err(), "it is of no secret that anybody knows");
    }
}
