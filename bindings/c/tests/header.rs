//! `include/powerhose.h` is what cbindgen makes of the sources.

use std::path::Path;
use std::{env, fs};

/// Writes the header instead of comparing it, where it is set.
const WRITE: &str = "POWERHOSE_WRITE_HEADER";

#[test]
fn the_header_is_what_the_sources_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let configuration = cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("it is TOML");
    let bindings = cbindgen::Builder::new()
        .with_crate(folder)
        .with_config(configuration)
        .generate()
        .expect("cbindgen reads the sources");
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).expect("a header is text").replace("** ", "**");
    let header = folder.join("include/powerhose.h");
    if env::var_os(WRITE).is_some() {
        fs::write(&header, &made).expect("the header can be written");
    }
    let committed = fs::read_to_string(&header).unwrap_or_default();
    assert!(committed == made, "{} is stale: run this test with {WRITE}=1", header.display());
}
