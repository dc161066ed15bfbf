//! Mozilla's verifier in node: processes of their own, called directly without HTTP.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::parties::{AUDIENCE, Parties};

const PACKAGE: &str = "browserid-local-verify";

/// Verifications a second of so many processes; none where there is no node.
pub(crate) fn rate(parties: &Parties, processes: usize, during: Duration) -> Option<f64> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("token-server-node");
    let modules = folder.join("node_modules");
    let crypto = modules.join("browserid-crypto");
    if !crypto.join("libs/all.js").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let install = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
        let package = format!("{PACKAGE}@0.5.2");
        let installed = Command::new("npm").args(install).arg(package).current_dir(&folder).status();
        // Its own step after the installation does not work with the Node of today; packaging does.
        let packaged = Command::new("node")
            .arg("scripts/package.js")
            .current_dir(&crypto)
            .stdout(Stdio::null())
            .status();
        if ![installed, packaged].into_iter().all(|status| status.is_ok_and(|status| status.success())) {
            return None;
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/load/verify.js");
    let task = json!({
        "assertion": parties.assertion, "audience": AUDIENCE, "document": parties.document,
        "milliseconds": u64::try_from(during.as_millis()).unwrap(),
    });
    let start = |_| {
        let mut node = Command::new("node");
        node.env("NODE_PATH", &modules).arg(&script).arg(task.to_string());
        node.stdout(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..processes).map(start).collect();
    let rates = running.into_iter().map(|process| {
        let output = process.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().expect("node verifies")
    });
    Some(rates.sum())
}
