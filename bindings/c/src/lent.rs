//! Bytes that C lends: they are not copied, and C hears when they are not needed any longer.

use crate::guard::bytes;
use crate::problem::Problem;
use bytes::Bytes;
use std::ffi::c_void;
use std::slice;

/// Calls back once, on any thread.
pub(crate) type Release = extern "C" fn(context: *mut c_void);

struct Lent {
    data: *const u8,
    size: usize,
    release: Release,
    context: *mut c_void,
}

// SAFETY: the bytes do not change while they are lent, and C was told that it is called back on any thread.
unsafe impl Send for Lent {}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        if self.data.is_null() {
            return &[];
        }
        // SAFETY: C keeps so many bytes there until it is released.
        unsafe { slice::from_raw_parts(self.data, self.size) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        (self.release)(self.context);
    }
}

/// Takes bytes on loan. They are released in any case, also after a complaint.
///
/// # Safety
/// The pointer is null, or points to so many bytes, which stay as they are until they are released.
pub(crate) unsafe fn lent(
    data: *const c_void,
    size: usize,
    name: &str,
    release: Release,
    context: *mut c_void,
) -> Result<Bytes, Problem> {
    let lent = Lent { data: data.cast(), size, release, context };
    // SAFETY: the same contract.
    unsafe { bytes(data, size, name)? };
    Ok(Bytes::from_owner(lent))
}
