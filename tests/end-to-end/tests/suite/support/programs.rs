//! The programs that the tests start.

use std::sync::LazyLock;

/// The programs of this package. POWERHOSE_TEST_WORKER names another one that understands what its worker understands: one in
/// another language.
pub(crate) static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| Programs {
    worker: match std::env::var("POWERHOSE_TEST_WORKER") {
        Ok(worker) => worker.leak(),
        Err(_) => env!("CARGO_BIN_EXE_commands-worker"),
    },
    client: env!("CARGO_BIN_EXE_commands-client"),
    master: env!("CARGO_BIN_EXE_commands-master"),
});

pub(crate) struct Programs {
    pub(crate) worker: &'static str,
    pub(crate) client: &'static str,
    pub(crate) master: &'static str,
}
