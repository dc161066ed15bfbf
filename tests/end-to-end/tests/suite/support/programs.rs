//! The programs that the tests start.

#[cfg(feature = "python-tests")]
use std::process::Command;
use std::sync::LazyLock;

/// The programs of this package. POWERHOSE_TEST_WORKER and POWERHOSE_TEST_CLIENT name others, which understand what its worker and
/// its client understand: those of another language.
pub(crate) static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| Programs {
    worker: match std::env::var("POWERHOSE_TEST_WORKER") {
        Ok(worker) => worker.leak(),
        Err(_) => env!("CARGO_BIN_EXE_commands-worker"),
    },
    client: match std::env::var("POWERHOSE_TEST_CLIENT") {
        Ok(client) => client.leak(),
        Err(_) => env!("CARGO_BIN_EXE_commands-client"),
    },
    master: env!("CARGO_BIN_EXE_commands-master"),
});

pub(crate) struct Programs {
    pub(crate) worker: &'static str,
    pub(crate) client: &'static str,
    pub(crate) master: &'static str,
}

/// The interpreter that has pyzmq and msgpack.
#[cfg(feature = "python-tests")]
pub(crate) fn python() -> Command {
    let interpreter = std::env::var_os("POWERHOSE_TEST_PYTHON")
        .expect("POWERHOSE_TEST_PYTHON names a Python interpreter with pyzmq and msgpack (see scripts/test)");
    let mut command = Command::new(interpreter);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// One of the programs in `examples/python`.
#[cfg(feature = "python-tests")]
pub(crate) fn python_example(program: &str) -> Command {
    let mut command = python();
    command.arg(format!("{}/../../examples/python/{program}", env!("CARGO_MANIFEST_DIR")));
    command
}
