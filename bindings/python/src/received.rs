//! Bytes that came to this process: as Python's `bytes`, in one copy, or as a view of where they lie.

use crate::held;
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyMemoryView};
use std::mem::ManuallyDrop;

/// What came.
pub(crate) struct Received {
    /// Never dropped in a forked process: another thread of the parent may have had the lock of where they go back to.
    bytes: ManuallyDrop<Bytes>,
    pub(crate) pid: u32,
    /// The same as Python's, once somebody wanted them.
    copied: PyOnceLock<Py<PyBytes>>,
}

impl Received {
    pub(crate) fn new(py: Python<'_>, bytes: Bytes) -> Received {
        held::let_go(py);
        Received { bytes: ManuallyDrop::new(bytes), pid: std::process::id(), copied: PyOnceLock::new() }
    }

    pub(crate) fn payload<'py>(&self, py: Python<'py>) -> &Bound<'py, PyBytes> {
        self.copied.get_or_init(py, || PyBytes::new(py, &self.bytes).unbind()).bind(py)
    }

    /// A view of them, which cannot be written to.
    #[cfg(Py_3_11)]
    pub(crate) fn buffer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        let buffer = Buffer(Received::new(py, Bytes::clone(&self.bytes)));
        PyMemoryView::from(Bound::new(py, buffer)?.as_any())
    }

    /// The stable interface of 3.9 lets only Python's own objects be viewed.
    #[cfg(not(Py_3_11))]
    pub(crate) fn buffer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        PyMemoryView::from(self.payload(py).as_any())
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // SAFETY: it is dropped here only, and nobody can look at it any longer.
            unsafe { ManuallyDrop::drop(&mut self.bytes) }
        }
    }
}

/// What views look at.
#[cfg(Py_3_11)]
#[pyclass(frozen, module = "powerhose._powerhose")]
pub(crate) struct Buffer(Received);

#[cfg(Py_3_11)]
#[pymethods]
impl Buffer {
    /// SAFETY: Python gives a view to fill, or none, which the call refuses.
    unsafe fn __getbuffer__(
        this: Bound<'_, Self>,
        view: *mut pyo3::ffi::Py_buffer,
        flags: std::ffi::c_int,
    ) -> PyResult<()> {
        const READ_ONLY: std::ffi::c_int = 1;
        let bytes = &this.get().0.bytes;
        let length = pyo3::ffi::Py_ssize_t::try_from(bytes.len())?;
        let place = bytes.as_ptr().cast_mut().cast();
        // SAFETY: the bytes stay as long as this object, which the view holds, and are said to be read only.
        let filled =
            unsafe { pyo3::ffi::PyBuffer_FillInfo(view, this.as_ptr(), place, length, READ_ONLY, flags) };
        if filled == 0 { Ok(()) } else { Err(PyErr::fetch(this.py())) }
    }
}
