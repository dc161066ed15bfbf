//! Every Rust file below a `src` is part of a crate.

use std::collections::BTreeSet;

use powerhose_tidy::modules::Modules;
use powerhose_tidy::{demand_none, files};

#[test]
fn every_rust_file_below_a_src_is_named_by_a_module() {
    let all: Vec<String> = files("", &["rs"]).into_iter().filter(|file| file.contains("/src/")).collect();
    let mut named = BTreeSet::new();
    for root in all.iter().filter(|file| is_root(file)) {
        named.extend(Modules::of(root).files.into_values());
    }
    let dead: Vec<String> = all.into_iter().filter(|file| !named.contains(file)).collect();
    demand_none(&dead, "No `mod` names these files: remove them, or name them.");
}

/// Whether cargo takes a file for the root of a crate.
fn is_root(file: &str) -> bool {
    let (folder, name) = file.rsplit_once('/').expect("it lies below a src");
    let is_program =
        folder.rsplit_once('/').is_some_and(|(above, _)| above.ends_with("/src/bin")) && name == "main.rs";
    let is_small_program = folder.ends_with("/src/bin");
    is_program || is_small_program || folder.ends_with("/src") && ["lib.rs", "main.rs"].contains(&name)
}
