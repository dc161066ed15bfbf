//! Waiting for what takes long and cannot be done in slices, so that Ctrl-C works all the same.

use crate::runner::{SIGNALS_EVERY, is_main_thread};
use crossbeam_channel::{RecvTimeoutError, bounded};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::thread;

/// Does it without the interpreter's lock. The main thread lets another one do it, and looks for signals meanwhile; if one
/// raises an error, nobody waits any longer, and what comes of it is dropped.
pub(crate) fn interruptibly<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    if !is_main_thread() {
        return py.detach(|| Ok(work()));
    }
    let (done, answer) = bounded(1);
    let waits = move || {
        // Nobody may be there any longer.
        let _ = done.send(work());
    };
    let thread = thread::Builder::new().name("powerhose-waits".to_owned()).spawn(waits)?;
    loop {
        match py.detach(|| answer.recv_timeout(SIGNALS_EVERY)) {
            Ok(result) => {
                py.detach(|| thread.join()).map_err(|_| broken())?;
                return Ok(result);
            }
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(broken()),
        }
    }
}

fn broken() -> PyErr {
    PyRuntimeError::new_err("powerhose broke: it panicked")
}
