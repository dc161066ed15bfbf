//! Every mistake that can be built into the master is found, and by a check that it concerns: a check that never fired
//! proves nothing.
//!
//! The mistakes are edits of the sources (`table`), so nothing of them is in the product. `workshop` copies the workspace,
//! makes all edits in the copy, each behind a switch, and builds the simulation once. A new mistake is an entry in the table.

mod table;
#[cfg(feature = "mutations")]
mod workshop;

use std::fs;
use std::path::{Path, PathBuf};
use table::MUTATIONS;

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the mistakes are made.
const SOURCES: &str = "master/src";

/// The files of a folder and of those in it, whose names end so.
fn files_below(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

#[test]
fn every_edit_has_its_place_in_the_sources_and_only_one() {
    let mut files = Vec::new();
    files_below(&root().join(SOURCES), ".rs", &mut files);
    let sources: Vec<String> = files.iter().map(|file| fs::read_to_string(file).expect("a text")).collect();
    for mutation in MUTATIONS {
        for edit in mutation.edits {
            let places: usize = sources.iter().map(|source| source.matches(edit.find).count()).sum();
            assert_eq!(places, 1, "{}: `{}` is to stand once in {SOURCES}", mutation.name, edit.find);
        }
    }
}

#[cfg(feature = "mutations")]
#[test]
fn every_mistake_is_found_by_what_it_concerns() {
    let program = workshop::build();
    let found: Vec<_> =
        MUTATIONS.iter().map(|mutation| (mutation, workshop::find(&program, mutation))).collect();
    for (mutation, found) in &found {
        println!("{:<22} {}", mutation.name, found.as_deref().unwrap_or("survives"));
    }
    let survivors: Vec<_> =
        found.iter().filter(|(_, found)| found.is_none()).map(|(mutation, _)| mutation.name).collect();
    assert!(survivors.is_empty(), "these survive, or are found by accident only: {survivors:?}");
}
