//! A module with a folder is that folder's `mod.rs`.

use powerhose_tidy::{demand_none, files, root};

#[test]
fn no_rust_file_stands_beside_a_folder_of_its_name() {
    let beside = files("", &["rs"]).into_iter().filter(|file| {
        let stem = file.strip_suffix(".rs").expect("only these were asked for");
        file.contains("/src/") && root().join(stem).is_dir()
    });
    let complaints: Vec<String> = beside.collect();
    demand_none(&complaints, "Move x.rs to x/mod.rs.");
}
