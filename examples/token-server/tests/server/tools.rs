//! Other implementations of the same: tokenlib and hawkauthlib of PyPI, hawk of npm. They are installed below the build
//! folder; the programs that use them lie beside this file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{MASTER, NODE, Server};

/// Python with the libraries.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("token-server-python");
        let python = folder.join("bin/python");
        let wanted = ["-c", "import hawkauthlib, tokenlib"];
        if !Command::new(&python).args(wanted).status().is_ok_and(|status| status.success()) {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
            let packages = ["tokenlib==2.0.0", "hawkauthlib==2.0.0"];
            run(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(packages));
        }
        python
    })
}

/// The folder of npm's packages.
fn packages() -> &'static Path {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("token-server-node");
        if !folder.join("node_modules/hawk").exists() {
            fs::create_dir_all(&folder).unwrap();
            let install = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
            run(Command::new("npm").args(install).arg("hawk@9.0.2").current_dir(&folder));
        }
        folder
    })
}

/// What a program writes to stdout.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/tools").join(name)
}

fn token(server: &Server) -> Value {
    server.token(&server.issuer.assertion("abc", &json!({"fxa-generation": 1})), &[]).good()
}

#[test]
fn tokenlib_reads_our_tokens_and_we_read_its() {
    let server = Server::start(&[]);
    let token = token(&server);
    let said = run(Command::new(python())
        .arg(script("tokens.py"))
        .args([MASTER, NODE])
        .arg(token["id"].as_str().unwrap()));
    let said: Value = serde_json::from_str(&said).unwrap();
    let told = server.told(&token["id"]).good();
    assert_eq!((&said["claims"], &said["key"]), (&told["claims"], &token["key"]));
    let theirs = server.told(&said["made"]).good();
    assert_eq!((&theirs["claims"]["uid"], &theirs["secret"]), (&json!(7), &said["made_key"]));
}

#[test]
fn hawkauthlib_signs_what_we_take() {
    let server = Server::start(&[]);
    let token = token(&server);
    let url = format!("http://{}/1.5/{}/info?full=1", server.address, token["uid"]);
    let (id, key) = (token["id"].as_str().unwrap(), token["key"].as_str().unwrap());
    let said = run(Command::new(python()).arg(script("hawk.py")).args([&url, id, key]));
    assert_eq!(said.trim(), "GET 200, POST 200, repeated 401, wrong key 401");
}

#[test]
fn hawk_of_npm_signs_what_we_take_and_corrects_its_clock_by_our_word() {
    let server = Server::start(&[]);
    let token = token(&server);
    let url = format!("http://{}/1.5/{}/info?full=1", server.address, token["uid"]);
    let (id, key) = (token["id"].as_str().unwrap(), token["key"].as_str().unwrap());
    let mut node = Command::new("node");
    let said = run(node
        .env("NODE_PATH", packages().join("node_modules"))
        .arg(script("hawk.js"))
        .args([&url, id, key]));
    let wanted = "GET 200, POST 200, other body 401, stale 401 with a time that is believed";
    assert_eq!(said.trim(), wanted);
}
