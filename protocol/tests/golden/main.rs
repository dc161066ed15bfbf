//! The messages of `testdata/golden`, written by an encoder that shares no code with this crate: read, compared with
//! what they say, and written again. `PROTOCOL.md` shows some of them; that it shows them truly is tested here too.

mod expected;

use powerhose_protocol::{Kind, decode};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A message of the index: its frames, and what is said of them.
struct Golden {
    name: String,
    header: Vec<u8>,
    payload_frames: usize,
    claim: Claim,
}

enum Claim {
    /// It reads as the message of its name, and is written as it is.
    Canonical,
    /// It reads as the message of this name.
    SameAs(String),
    /// It is refused with this code.
    Refused(String),
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn from_hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte");
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two hexadecimal digits")).collect()
}

fn frames(name: &str) -> Vec<Vec<u8>> {
    let text = read(&format!("{name}.hex"));
    text.lines().map(|line| if line == "-" { Vec::new() } else { from_hex(line) }).collect()
}

fn goldens() -> Vec<Golden> {
    let index: serde_json::Value = serde_json::from_str(&read("index.json")).expect("index.json is JSON");
    let entries = index.as_array().expect("index.json is an array");
    entries.iter().map(golden).collect()
}

fn golden(entry: &serde_json::Value) -> Golden {
    let text = |field: &str| entry.get(field).and_then(|value| value.as_str()).map(str::to_owned);
    let name = text("name").expect("every entry has a name");
    let claim = match (text("same_as"), text("code")) {
        (Some(other), _) => Claim::SameAs(other),
        (None, Some(code)) => Claim::Refused(code),
        (None, None) => Claim::Canonical,
    };
    let mut frames = frames(&name);
    let header = frames.remove(0);
    Golden { name, header, payload_frames: frames.len(), claim }
}

#[test]
fn every_golden_message_reads_as_what_it_says() {
    let expected: BTreeMap<_, _> = expected::messages().into_iter().collect();
    let mut seen = BTreeSet::new();
    for golden in &goldens() {
        let name = match &golden.claim {
            Claim::Canonical => golden.name.as_str(),
            Claim::SameAs(other) => other,
            Claim::Refused(_) => continue,
        };
        let message = decode(&golden.header, golden.payload_frames)
            .unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        assert_eq!(Some(&message), expected.get(name), "{}", golden.name);
        seen.insert(name.to_owned());
    }
    let named: BTreeSet<_> = expected.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(seen, named, "golden messages and expected messages are the same");
}

#[test]
fn every_canonical_message_is_written_byte_for_byte() {
    for (name, message) in expected::messages() {
        assert_eq!(message.encode(), frames(name)[0], "{name}");
        assert_eq!(message.payload_frames(), frames(name).len() - 1, "{name}");
    }
}

#[test]
fn every_bad_message_is_refused_with_its_code() {
    for golden in &goldens() {
        let Claim::Refused(code) = &golden.claim else { continue };
        let error = decode(&golden.header, golden.payload_frames).expect_err(&golden.name);
        assert_eq!(error.code(), code, "{}: {error}", golden.name);
    }
}

#[test]
fn every_kind_and_every_error_has_a_golden_message() {
    let kinds: BTreeSet<_> = expected::messages().iter().map(|(_, message)| message.kind()).collect();
    assert_eq!(kinds, Kind::ALL.iter().copied().collect());
    let codes: BTreeSet<_> = goldens()
        .iter()
        .filter_map(|golden| match &golden.claim {
            Claim::Refused(code) => Some(code.clone()),
            Claim::Canonical | Claim::SameAs(_) => None,
        })
        .collect();
    // `header_too_large` is missing: four mebibytes do not belong into a repository. `limits.rs` has it.
    let all = [
        "bad_value",
        "empty_header",
        "frame_count",
        "malformed",
        "over_limit",
        "trailing_bytes",
        "unknown_kind",
    ];
    assert_eq!(codes, all.map(str::to_owned).into());
}

/// Examples stand in `PROTOCOL.md` as blocks that begin with ```` ```hex NAME ````, one line or more a frame, an empty
/// line between frames; what follows a `;` is a remark.
#[test]
fn the_examples_of_the_specification_are_golden_messages() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("PROTOCOL.md");
    let text = std::fs::read_to_string(path).expect("PROTOCOL.md");
    let blocks: Vec<_> = text.split("```hex ").skip(1).collect();
    assert!(blocks.len() >= 10, "only {} examples found", blocks.len());
    for block in blocks {
        let (name, rest) = block.split_once('\n').expect("a name ends its line");
        let body = rest.split("```").next().expect("a block ends");
        let lines: Vec<&str> = body.lines().map(|line| line.split(';').next().unwrap_or("").trim()).collect();
        let shown: Vec<Vec<u8>> =
            lines.split(|line| line.is_empty()).map(|frame| from_hex(&frame.concat())).collect();
        assert_eq!(shown, frames(name), "the example {name}");
    }
}

/// The table of kinds names every kind with its number.
#[test]
fn the_specification_names_every_kind() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("PROTOCOL.md");
    let text = std::fs::read_to_string(path).expect("PROTOCOL.md");
    for kind in Kind::ALL {
        let row = format!("| {} | {kind} |", *kind as u8);
        assert!(text.contains(&row), "no row `{row}`");
    }
}
