//! Bytes between Python and Rust.

use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};

/// The bytes of any object with the buffer protocol. Text is none: nobody can know its encoding.
///
/// # Errors
/// TypeError if it has none.
pub(crate) fn from_python(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(bytes.to_vec());
    }
    let Ok(view) = PyMemoryView::from(object) else { return Err(no_bytes(object, what)) };
    // The stable interface of 3.9 has no other way to what a view shows.
    let bytes = view.call_method0("tobytes")?;
    Ok(bytes.cast::<PyBytes>()?.as_bytes().to_vec())
}

fn no_bytes(object: &Bound<'_, PyAny>, what: &str) -> PyErr {
    let name = object.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    let hint = if name == "str" { ": encode it first" } else { "" };
    PyTypeError::new_err(format!("{what} must be bytes, or have the buffer protocol, not {name}{hint}"))
}

/// Real `bytes`, filled in one copy.
pub(crate) fn to_python<'py>(py: Python<'py>, bytes: &Bytes) -> Bound<'py, PyBytes> {
    PyBytes::new(py, bytes)
}
