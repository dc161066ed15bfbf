//! Replays what the fuzzer found.

use std::fs;
use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is beside this crate") {
        let path = entry.expect("an entry").path();
        let data = fs::read(&path).expect("a file of the corpus");
        let ran = std::panic::catch_unwind(|| run(&data));
        assert!(ran.is_ok(), "{} breaks it", path.display());
        count += 1;
    }
    assert!(count > 50, "only {count} inputs in {}", folder.display());
}

#[test]
fn nothing_in_the_corpus_breaks_the_decoder() {
    replay("decode", powerhose_fuzz::decode_any);
}

#[test]
fn nothing_in_the_corpus_breaks_the_dispatcher() {
    replay("dispatch", powerhose_fuzz::dispatch_any);
}
