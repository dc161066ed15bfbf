//! A short run of each mode: the promises hold, and nothing of the run is left behind. Another of each with workers in other
//! languages, where scripts/test-python names their programs.

use std::ffi::OsString;
use std::process::Command;

/// Short of a minute, so that the master is paused for 2 s only.
const SECONDS: &str = "12";

#[track_caller]
fn run(mode: &str, seed: &str, more: &[(&str, OsString)]) {
    let arguments = ["--seed", seed, "--seconds", SECONDS, "--mode", mode, "--rate", "150", "--json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos"));
    command.args(arguments);
    for (name, value) in more {
        command.arg(name).arg(value);
    }
    let output = command.output().expect("the program starts");
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seed {seed}, {mode}: {}\n{report}\n{errors}", output.status);
}

#[test]
fn promises_hold_with_a_master_of_its_own() {
    run("remote", "1", &[]);
}

#[test]
fn promises_hold_with_an_embedded_master() {
    run("embedded", "2", &[]);
}

/// The programs that scripts/test-python and scripts/test name.
#[cfg(feature = "foreign-workers")]
fn foreign_workers() -> Vec<(&'static str, OsString)> {
    let python = std::env::var_os("POWERHOSE_TEST_PACKAGE_PYTHON").expect(
        "POWERHOSE_TEST_PACKAGE_PYTHON names a Python that has the package (see scripts/test-python)",
    );
    let cpp = std::env::var_os("POWERHOSE_TEST_CHAOS_WORKER").map(|program| ("--cpp-worker", program));
    std::iter::once(("--python-worker", python)).chain(cpp).collect()
}

#[test]
#[cfg(feature = "foreign-workers")]
fn promises_hold_with_workers_in_other_languages_and_a_master_of_its_own() {
    run("remote", "3", &foreign_workers());
}

#[test]
#[cfg(feature = "foreign-workers")]
fn promises_hold_with_workers_in_other_languages_and_an_embedded_master() {
    run("embedded", "4", &foreign_workers());
}
