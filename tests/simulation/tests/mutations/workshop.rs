//! A copy of the workspace with every mistake in it, each behind a switch, and the simulation that is built there.

use crate::table::{Edit, MUTATIONS, Mutation};
use crate::{SOURCES, files_below, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More worlds than the best hidden mistake needs by far.
const SEEDS: u64 = 2000;
/// Names the mistake that is to be made.
const VARIABLE: &str = "POWERHOSE_MISTAKE";
/// What the copy has of the workspace.
const COPIED: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "bench",
    "bindings",
    "examples",
    "master",
    "protocol",
    "tests",
    "worker",
];
/// The switch, at the end of the copy's crate.
const SWITCH: &str = "
pub(crate) mod mistakes {
    pub(crate) fn made(name: &str) -> bool {
        static MADE: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| std::env::var(\"POWERHOSE_MISTAKE\").unwrap_or_default());
        *MADE == name
    }
}
";

/// Builds the simulation with all mistakes. What was built before is used again.
pub(crate) fn build() -> PathBuf {
    let workshop = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes");
    let copy = workshop.join("source");
    COPIED.iter().for_each(|name| bring(&root().join(name), &copy.join(name)));
    build_in(&copy);
    let target = workshop.join("target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--offline",
        "-p",
        "powerhose-simulation",
        "--bin",
        "powerhose-simulation",
    ]);
    let status = cargo.env("CARGO_TARGET_DIR", &target).current_dir(&copy).status().expect("cargo starts");
    assert!(status.success(), "the simulation with mistakes does not build");
    target.join("debug/powerhose-simulation")
}

/// Makes the edits.
fn build_in(copy: &Path) {
    let mut files = Vec::new();
    files_below(&copy.join(SOURCES), ".rs", &mut files);
    for file in files {
        let source = fs::read_to_string(root().join(file.strip_prefix(copy).expect("it is in the copy")));
        let mut source = source.expect("a text");
        for mutation in MUTATIONS {
            mutation.edits.iter().for_each(|edit| source = edited(&source, mutation, edit));
        }
        if file.ends_with("src/lib.rs") {
            source.push_str(SWITCH);
        }
        write(&file, source.as_bytes());
    }
}

fn edited(source: &str, mutation: &Mutation, edit: &Edit) -> String {
    let made = format!("crate::mistakes::made(\"{}\")", mutation.name);
    source.replace(edit.find, &edit.put.replace("MADE", &made))
}

/// Copies what has changed, and takes away what is no longer there.
fn bring(from: &Path, to: &Path) {
    if from.is_file() {
        // The edited files are written later.
        if !from.starts_with(root().join(SOURCES)) || !to.exists() {
            write(to, &fs::read(from).expect("a file"));
        }
        return;
    }
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(to).expect("a folder") {
        let path = entry.expect("an entry").path();
        if !from.join(path.file_name().expect("it has one")).exists() {
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.expect("it is ours");
        }
    }
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.file_name() != "target" {
            bring(&entry.path(), &to.join(entry.file_name()));
        }
    }
}

/// Leaves a file alone that has these bytes: what is built of it stays.
fn write(file: &Path, bytes: &[u8]) {
    if fs::read(file).is_ok_and(|present| present == bytes) {
        return;
    }
    fs::create_dir_all(file.parent().expect("it has a folder")).expect("a folder");
    fs::write(file, bytes).expect("a file");
}

/// The first world in which a check finds the mistake that it concerns. Nothing that merely breaks down counts.
pub(crate) fn find(program: &Path, mutation: &Mutation) -> Option<String> {
    let mut first_seed = 1;
    while first_seed <= SEEDS {
        let mut command = Command::new(program);
        command.args(["--first-seed", &first_seed.to_string()]);
        command.args(["--seeds", &(SEEDS + 1 - first_seed).to_string()]).env(VARIABLE, mutation.name);
        let output = command.output().expect("the simulation starts");
        let told = String::from_utf8_lossy(&output.stdout);
        let failure = told.lines().find_map(|line| line.strip_prefix("seed ")?.split_once(" fails: "));
        let (seed, violation) = failure?;
        let is_meant = |check: &powerhose_simulation::Check| violation.starts_with(&check.to_string());
        if mutation.finders.iter().any(is_meant) {
            return Some(format!("seed {seed:>4}: {violation}"));
        }
        first_seed = seed.parse::<u64>().expect("a number") + 1;
    }
    None
}
