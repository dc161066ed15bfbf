//! The real BrowserID libraries both ways: what they make is judged by us, what we make is judged by them. They are
//! installed below the build folder.
#![cfg(feature = "tool-tests")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{fs, thread};

use powerhose_token_server::identity::maker::{KeyPair, bundle};
use powerhose_token_server::vectors::{Line, Vectors};
use serde_json::{Value, json};

const NOW: u64 = 1_700_000_000_000;
const AUDIENCE: &str = "https://token.example.org";
const RSA: &[u8] = include_bytes!("../data/throw-away-rsa.pk8");

fn run(command: &mut Command, input: &str) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_owned());
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn build_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libraries").join(name)
}

/// The folder of npm's libraries. Their own step after the installation does not work with the Node of today; packaging
/// does.
fn modules() -> &'static Path {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES.get_or_init(|| {
        let folder = build_folder("browserid-node");
        let modules = folder.join("node_modules");
        let crypto = modules.join("browserid-crypto");
        if !crypto.join("libs/all.js").exists() {
            fs::create_dir_all(&folder).unwrap();
            let install = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
            let packages = ["browserid-crypto@0.9.1", "browserid-local-verify@0.5.2"];
            run(Command::new("npm").args(install).args(packages).current_dir(&folder), "");
            run(Command::new("node").arg("scripts/package.js").current_dir(&crypto), "");
        }
        modules
    })
}

/// Python with PyPI's library.
fn interpreter() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| {
        let folder = build_folder("browserid-python");
        let python = folder.join("bin/python");
        if !Command::new(&python)
            .args(["-c", "import browserid"])
            .status()
            .is_ok_and(|status| status.success())
        {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), "");
            run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "PyBrowserID==0.14.0"]), "");
        }
        python
    })
}

fn javascript(action: &str, input: &str) -> String {
    run(Command::new("node").arg(script("cases.js")).arg(action).env("NODE_PATH", modules()), input)
}

fn python(action: &str, input: &str) -> String {
    run(Command::new(interpreter()).arg(script("cases.py")).arg(action), input)
}

/// Every case comes to what its maker expected.
fn demand_agreement(made: &str, least: usize) {
    let vectors = Vectors::read(made).unwrap();
    assert!(vectors.cases.len() >= least);
    for case in &vectors.cases {
        let result = case.replay();
        assert!(case.agrees(&result), "{}", Line::new(&case.name, &result));
    }
}

#[test]
fn what_browserid_crypto_makes_is_judged_as_it_expects() {
    demand_agreement(&javascript("make", ""), 15);
}

#[test]
fn what_pybrowserid_makes_is_judged_as_it_expects() {
    demand_agreement(&python("make", ""), 23);
}

/// One of our own assertions as a case: these keys, expiring then.
fn own_case(issuer: &KeyPair, user: &KeyPair, expires: u64) -> Value {
    let certificate = json!({"iss": "example.org", "iat": NOW - 10_000, "exp": NOW + 1000,
        "public-key": user.public(), "principal": {"email": "user@example.org"}});
    let assertion = user.sign(&json!({"aud": AUDIENCE, "exp": expires})).unwrap();
    json!({"assertion": bundle(&issuer.sign(&certificate).unwrap(), &assertion), "audience": AUDIENCE, "now_ms": NOW,
        "support_documents": {"example.org": issuer.support_document()}})
}

#[test]
fn both_libraries_believe_what_we_make_and_refuse_what_has_expired() {
    let pairs = [KeyPair::rs256(RSA).unwrap(), KeyPair::ds128().unwrap(), KeyPair::ds256().unwrap()];
    let mut cases = Vec::new();
    for (issuer, user) in pairs.iter().flat_map(|issuer| pairs.iter().map(move |user| (issuer, user))) {
        cases.push(own_case(issuer, user, NOW));
        cases.push(own_case(issuer, user, NOW - 1));
    }
    let expected: Vec<Value> =
        [json!("user@example.org"), Value::Null].into_iter().cycle().take(cases.len()).collect();
    let cases = json!({"cases": cases}).to_string();
    for judged in [javascript("judge", &cases), python("judge", &cases)] {
        assert_eq!(serde_json::from_str::<Vec<Value>>(&judged).unwrap(), expected);
    }
}
