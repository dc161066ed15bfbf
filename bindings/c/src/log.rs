//! What master, client and worker have to say.

use crate::guard::{ErrorOut, guard, text_or_null};
use crate::kinds::powerhose_status::{self, *};
use crate::problem::Problem;
use std::ffi::c_char;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Writes the log of this library to standard error from now on, on the threads that have something to say. `filter` is a level
/// (`error`, `warn`, `info`, `debug`, `trace`) or target=level,…; NULL: what RUST_LOG says, or else `warn`. Without a call, the library
/// says nothing. POWERHOSE_MISUSE if it was called before.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_log_to_stderr(filter: *const c_char, error: ErrorOut<'_>) -> powerhose_status {
    let log = || {
        // SAFETY: C passes text, or NULL.
        let filter = match unsafe { text_or_null(filter, "filter")? } {
            Some(filter) => EnvFilter::try_new(filter).map_err(Problem::invalid)?,
            None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        };
        let begun = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .try_init();
        begun.map_err(|error| Problem::misuse("logs", error))?;
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, log)
}
