//! A short run of each mode: the promises hold, and nothing of the run is left behind.

use std::process::Command;

/// Short of a minute, so that the master is paused for 2 s only.
const SECONDS: &str = "12";

#[track_caller]
fn run(mode: &str, seed: &str) {
    let arguments = ["--seed", seed, "--seconds", SECONDS, "--mode", mode, "--rate", "150", "--json"];
    let output =
        Command::new(env!("CARGO_BIN_EXE_chaos")).args(arguments).output().expect("the program starts");
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seed {seed}, {mode}: {}\n{report}\n{errors}", output.status);
}

#[test]
fn promises_hold_with_a_master_of_its_own() {
    run("remote", "1");
}

#[test]
fn promises_hold_with_an_embedded_master() {
    run("embedded", "2");
}
