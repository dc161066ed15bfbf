//! `powerhose._powerhose`: what Python's package `powerhose` does not do in Python.
//!
//! Runners, completions and workers over the Rust crates; the package around it is what users see. Nothing here calls Python from a thread that Python does not know, or blocks while it holds the interpreter's lock.

mod cluster;
mod completions;
mod errors;
mod held;
mod job;
mod log;
mod many;
mod payload;
mod received;
mod reply;
mod runner;
mod signals;
mod waiting;
mod worker;

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicI64, Ordering};

/// The native half of the package. It needs the interpreter's lock, and no second interpreter can load it.
#[pymodule(gil_used = true)]
#[pyo3(name = "_powerhose")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    refuse_another_interpreter()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEFAULT_POOL", powerhose::DEFAULT_POOL)?;
    module.add("ENDPOINT_VARIABLE", powerhose::ENDPOINT_VARIABLE)?;
    module.add("CURVE_FILE_VARIABLE", powerhose::CURVE_FILE_VARIABLE)?;
    module.add("SECRET_FILE_VARIABLE", powerhose::SECRET_FILE_VARIABLE)?;
    module.add("POOL_VARIABLE", powerhose::POOL_VARIABLE)?;
    module.add_class::<runner::Runner>()?;
    module.add_class::<completions::Completions>()?;
    module.add_class::<completions::Ticket>()?;
    module.add_class::<many::Many>()?;
    module.add_class::<reply::JobReply>()?;
    module.add_class::<worker::Worker>()?;
    module.add_class::<worker::Job>()?;
    module.add_class::<cluster::Cluster>()?;
    module.add_function(wrap_pyfunction!(restore_signals, module)?)?;
    module.add_function(wrap_pyfunction!(log::log_from, module)?)?;
    module.add_function(wrap_pyfunction!(log::take_log, module)?)?;
    module.add_function(wrap_pyfunction!(log::forget_log, module)?)?;
    module.add_function(wrap_pyfunction!(cores, module)?)
}

/// Runners, completions and classes belong to one interpreter.
fn refuse_another_interpreter() -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    // SAFETY: this thread is attached to an interpreter, whose state lives as long as that.
    let this = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, this, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => Ok(()),
        Err(first) if first == this => Ok(()),
        Err(_) => Err(PyImportError::new_err("powerhose does not support subinterpreters")),
    }
}

/// How many cores this process may use.
#[pyfunction]
fn cores() -> usize {
    powerhose::cores()
}

/// What handled SIGTERM and SIGINT before a worker took them handles them again: in a forked child.
#[pyfunction]
fn restore_signals() {
    signals::restore();
}
