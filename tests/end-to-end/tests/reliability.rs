//! Every test, check and fault that docs/RELIABILITY.md names is there.

use std::fs;
use std::path::{Path, PathBuf};

/// The headings of the faults that the document has to have.
const FAULTS: &[&str] = &[
    "worker killed",
    "worker stopped, half-open TCP",
    "caller's deadline passes",
    "handler hangs",
    "worker too slow, again and again",
    "worker leaves",
    "master dies",
    "master restarts",
    "client dies, or stops",
    "second master on one endpoint",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The part of the document that has them.
fn promises_and_faults() -> String {
    let document = read("docs/RELIABILITY.md");
    let (_, rest) = document.split_once("## Promises").expect("the promises");
    rest.split_once("## Measured").expect("the measurements").0.to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The promises and faults, each its heading and the list below it.
fn entries(document: &str) -> Vec<(&str, &str)> {
    document.split("\n### ").skip(1).filter_map(|entry| entry.split_once('\n')).collect()
}

/// What the list says of the tests.
fn tests<'a>((heading, list): &(&'a str, &'a str)) -> &'a str {
    let tests = list.lines().find_map(|line| line.strip_prefix("* Tests: "));
    tests.unwrap_or_else(|| panic!("{heading:?} has no tests"))
}

/// What stands in backticks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether a name is that of something, in a list of tests that begins with where to look: `e2e`, `sim`, …
fn is_there(place: &str, name: &str) -> bool {
    let file = |folder: &str| root().join(folder).join(format!("{name}.rs")).exists();
    let variant = |path: &str, name: &str| read(path).lines().any(|line| line.trim().starts_with(name));
    match place {
        "unit" => file("master/src/desk/tests"),
        "worker" => file("worker/src/machine/tests"),
        "e2e" => file("tests/end-to-end/tests/suite"),
        "wire" => {
            let wire = root().join("protocol/wires");
            let unit = wire.join("src/zmtp").join(name).join("tests.rs");
            unit.exists() || wire.join("tests").join(name).join("main.rs").exists()
        }
        "sim" => {
            variant("tests/simulation/src/verdict.rs", &format!("{name} =>"))
                || variant("tests/simulation/tests/mutations/table.rs", &format!("name: \"{name}\","))
        }
        "chaos" => variant("tests/chaos/src/fault.rs", &format!("{},", pascal(name))),
        _ => root().join(name).exists(),
    }
}

/// `worker-kill` is `WorkerKill`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

#[test]
fn what_the_document_names_is_there() {
    let document = promises_and_faults();
    let mut named = 0;
    for entry in &entries(&document) {
        for part in tests(entry).split(';') {
            let place = part.split_once(':').map_or("", |(place, _)| place.trim());
            for name in names(part) {
                assert!(is_there(place, name), "{:?} names {name} in {place}, which is not there", entry.0);
                named += 1;
            }
        }
    }
    assert!(named > 50, "only {named} names were found: is this still the form?");
}

#[test]
fn every_fault_has_a_test_with_real_processes() {
    let document = promises_and_faults();
    let entries = entries(&document);
    for fault in FAULTS {
        let entry = entries.iter().find(|entry| entry.0 == *fault);
        let entry = entry.unwrap_or_else(|| panic!("nothing on: {fault}"));
        assert!(tests(entry).contains("e2e: `"), "{entry:?}");
    }
}
