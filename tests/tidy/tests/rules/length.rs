//! Files have at most 300 lines, functions of the product at most 50.

use std::collections::BTreeMap;

use powerhose_tidy::product::product_functions;
use powerhose_tidy::{demand_none, files, text};

const FILE_LINES_MAX: usize = 300;
const FUNCTION_LINES_MAX: usize = 50;

/// Made of the sources, which are short.
const GENERATED: &str = "bindings/c/include/powerhose.h";

/// Longer files, and the lines that each may have.
const LONG_FILES: &[(&str, usize)] = &[
    ("bindings/c/tests/programs/c/client.c", 360),
    ("master/src/client/tests/mod.rs", 370),
    ("master/src/desk/tests/secrets.rs", 360),
    ("master/src/runner/engine/embedded/mod.rs", 310),
    ("master/src/runner/engine/embedded/tests/mod.rs", 310),
    ("protocol/src/compact.rs", 340),
    ("protocol/testdata/make_golden.py", 360),
    ("protocol/tests/golden/expected.rs", 380),
    ("protocol/tests/limits.rs", 390),
    ("protocol/wires/src/zmtp/router/tests.rs", 320),
    ("tests/simulation/src/reference/events.rs", 330),
    ("tests/simulation/src/reference/jobs.rs", 310),
    ("tests/simulation/src/world/master.rs", 340),
    ("tests/simulation/src/world/workers.rs", 390),
];

/// Longer functions, and the lines that each may have.
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

#[test]
fn no_file_is_longer_than_300_lines() {
    let written =
        files("", &["rs", "py", "c", "h", "cpp", "hpp"]).into_iter().filter(|file| file != GENERATED);
    let lengths = written.map(|file| (text(&file).lines().count(), file));
    let complaints = complaints(lengths.map(|(lines, file)| (file, lines)), FILE_LINES_MAX, LONG_FILES);
    demand_none(
        &complaints,
        "Split the file by what it holds. Where it got shorter, take it off LONG_FILES in tests/tidy.",
    );
}

#[test]
fn no_function_of_the_product_is_longer_than_50_lines() {
    let lengths = product_functions().into_iter().map(|function| (function.place, function.lines));
    let complaints = complaints(lengths, FUNCTION_LINES_MAX, LONG_FUNCTIONS);
    demand_none(
        &complaints,
        "Give its steps names. Where it got shorter, take it off LONG_FUNCTIONS in tests/tidy.",
    );
}

fn complaints(
    lengths: impl Iterator<Item = (String, usize)>,
    bound: usize,
    exceptions: &[(&str, usize)],
) -> Vec<String> {
    let mut unneeded: BTreeMap<&str, usize> = exceptions.iter().copied().collect();
    let mut complaints = Vec::new();
    for (place, lines) in lengths.filter(|(_, lines)| *lines > bound) {
        let bound = unneeded.remove(&*place).unwrap_or(bound);
        if lines > bound {
            complaints.push(format!("{place} has {lines} lines, {bound} are allowed"));
        }
    }
    complaints.extend(unneeded.keys().map(|place| format!("{place} needs no exception")));
    complaints
}
