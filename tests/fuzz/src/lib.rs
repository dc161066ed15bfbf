//! The functions that a coverage-guided fuzzer feeds with bytes. Each takes any bytes, and panics if a rule that must always
//! hold does not.
//!
//! `targets/` has the programs for `cargo fuzz`, `corpus/` the inputs that it found, each of which reaches code that
//! the others do not: a line each, as there are thousands of a few bytes. `cargo test` replays them. To go on fuzzing
//! (`RUSTC_BOOTSTRAP` because the sanitizers' flags are not for stable compilers):
//!
//! ```sh
//! cargo install cargo-fuzz
//! cd tests/fuzz/targets
//! ../corpus.py unpack dispatch /tmp/corpus
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir . dispatch /tmp/corpus -- -max_total_time=600 -max_len=1024
//! RUSTC_BOOTSTRAP=1 cargo fuzz cmin --fuzz-dir . dispatch /tmp/corpus
//! ../corpus.py pack dispatch /tmp/corpus
//! ```

mod input;
mod peers;
mod scene;

use powerhose_protocol::decode;
use scene::Scene;

/// Any bytes are a message or a typed error, and a message that was read is written and read again as it was.
pub fn decode_any(data: &[u8]) {
    let Some((frames, header)) = data.split_first() else { return };
    let frames = usize::from(*frames);
    match decode(header, frames) {
        Ok(message) => {
            let written = message.encode();
            let again = decode(&written, message.payload_frames());
            assert_eq!(again.as_ref(), Ok(&message), "what was written is read as something else");
        }
        Err(error) => {
            assert!(!error.code().is_empty());
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Whatever peers send, callers do and time does, the dispatcher's invariants hold, what it writes can be read, and every
/// job of a caller in this process ends exactly once.
pub fn dispatch_any(data: &[u8]) {
    let mut scene = Scene::new(data);
    while scene.step() {}
    scene.end();
}
