//! Bytes from Python to Rust.

use crate::held;
use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};

/// Fewer bytes are copied: that takes less than to remember whose they are.
const HELD_BYTES_MIN: usize = 4096;

/// The bytes of any object with the buffer protocol: where they lie if they cannot change, else a copy. Text has none: nobody
/// can know its encoding.
///
/// # Errors
/// TypeError if it has none.
pub(crate) fn from_python(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Bytes> {
    held::let_go(object.py());
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(of_bytes(bytes));
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(bytes.to_vec().into());
    }
    let Ok(view) = PyMemoryView::from(object) else { return Err(no_bytes(object, what)) };
    #[cfg(Py_3_11)]
    if let Some(bytes) = of_view(&view)? {
        return Ok(bytes);
    }
    Ok(of_bytes(view.call_method0("tobytes")?.cast()?))
}

fn of_bytes(object: &Bound<'_, PyBytes>) -> Bytes {
    let bytes = object.as_bytes();
    if bytes.len() < HELD_BYTES_MIN {
        return Bytes::copy_from_slice(bytes);
    }
    // SAFETY: those of a bytes object never change or move.
    unsafe { held::lend(object.clone().into_any().unbind(), bytes) }
}

/// What a view shows, if it is in one piece and cannot change: the bytes of a `bytes`, or what came to this process.
#[cfg(Py_3_11)]
fn of_view(view: &Bound<'_, PyMemoryView>) -> PyResult<Option<Bytes>> {
    let owner = view.getattr("obj")?;
    if !owner.is_exact_instance_of::<PyBytes>() && !owner.is_exact_instance_of::<crate::received::Buffer>() {
        return Ok(None);
    }
    let shown = pyo3::buffer::PyUntypedBuffer::get(view)?;
    if shown.len_bytes() < HELD_BYTES_MIN || !shown.is_c_contiguous() {
        return Ok(None);
    }
    let bytes = std::ptr::slice_from_raw_parts(shown.buf_ptr().cast::<u8>(), shown.len_bytes());
    // SAFETY: nobody changes what its owner has, and the view keeps the owner. It was made here, so nobody releases it.
    Ok(Some(unsafe { held::lend(view.clone().into_any().unbind(), bytes) }))
}

fn no_bytes(object: &Bound<'_, PyAny>, what: &str) -> PyErr {
    let name = object.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    let hint = if name == "str" { ": encode it first" } else { "" };
    PyTypeError::new_err(format!("{what} must be bytes, or have the buffer protocol, not {name}{hint}"))
}
