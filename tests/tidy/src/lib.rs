//! Reads the repository for the rules in `tests/rules`: its files, their text, what Rust's grammar says of them.
//!
//! A rule never changes a file. What breaks a rule today stands in that rule's list of exceptions, which only gets shorter.

pub mod modules;
pub mod product;

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the product: what a user runs or links.
pub const PRODUCT: [&str; 7] = [
    "bindings/c/src",
    "master/src",
    "master/processes/src",
    "master/program/src",
    "worker/src",
    "protocol/src",
    "protocol/wires/src",
];

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("tests/tidy is two folders down")
        .to_owned()
}

/// The files below the repository's folder `folder` whose name ends in `.` and one of `extensions`, relative to the
/// repository, in order. Hidden folders and what builds leave behind are not the repository's.
pub fn files(folder: &str, extensions: &[&str]) -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.expect("a folder that can be opened can be read");
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type().expect("an entry has a type");
            if kind.is_dir()
                && !name.starts_with('.')
                && !["target", "node_modules", "__pycache__"].contains(&&*name)
            {
                folders.push(path);
            } else if kind.is_file() && extensions.iter().any(|extension| has_extension(&path, extension)) {
                found.push(relative(&root, &path));
            }
        }
    }
    found.sort();
    found
}

/// The text of a file, named as [`files`] names it.
pub fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The syntax tree of a Rust file, named as [`files`] names it.
pub fn parsed(file: &str) -> syn::File {
    syn::parse_file(&text(file)).unwrap_or_else(|error| panic!("{file} is no Rust: {error}"))
}

/// Fails with every complaint, and with what to do about them.
///
/// # Panics
///
/// If there is a complaint.
pub fn demand_none(complaints: &[String], remedy: &str) {
    assert!(complaints.is_empty(), "\n{}\n\n{remedy}\n", complaints.join("\n"));
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|of_path| of_path == extension)
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("it was found below the root").to_string_lossy().into_owned()
}
