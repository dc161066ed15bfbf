//! Replays what the fuzzer found.

use std::fs;
use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let packed = fs::read_to_string(path).expect("the corpus is beside this crate");
    for line in packed.lines() {
        let data = bytes(line);
        let ran = std::panic::catch_unwind(|| run(&data));
        assert!(ran.is_ok(), "{line} breaks it");
    }
    let count = packed.lines().count();
    assert!(count > 500, "only {count} inputs for {target}");
}

/// What a line says in hexadecimal.
fn bytes(line: &str) -> Vec<u8> {
    assert!(line.is_ascii() && line.len().is_multiple_of(2), "no line of a corpus: {line}");
    let pairs = (0..line.len()).step_by(2).map(|place| &line[place..place + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two hexadecimal digits")).collect()
}

#[test]
fn nothing_in_the_corpus_breaks_the_decoder() {
    replay("decode.hex", powerhose_fuzz::decode_any);
}

#[test]
fn nothing_in_the_corpus_breaks_the_dispatcher() {
    replay("dispatch.hex", powerhose_fuzz::dispatch_any);
}
