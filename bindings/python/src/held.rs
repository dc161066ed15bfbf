//! Bytes of Python's objects that Rust uses where they lie, until it needs them no longer.
//!
//! They are dropped on threads that Python does not know, and the object can be let go only with the interpreter's lock. So
//! it is put on a list, without a lock of our own: a fork while another thread held that would leave the child without it.

use bytes::Bytes;
use pyo3::prelude::*;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Objects whose bytes nobody needs any longer.
static DROPPED: AtomicPtr<Entry> = AtomicPtr::new(ptr::null_mut());

struct Entry {
    /// Never looked at: it only has to be there, and to go at the right time.
    _object: Py<PyAny>,
    next: *mut Entry,
}

struct Held {
    /// From a box; it goes to the list.
    entry: *mut Entry,
    bytes: *const [u8],
}

// SAFETY: the bytes do not change and stay as long as the object, which only `let_go` touches.
unsafe impl Send for Held {}
// SAFETY: as above.
unsafe impl Sync for Held {}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the object is there as long as this is, and keeps them.
        unsafe { &*self.bytes }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut first = DROPPED.load(Ordering::Relaxed);
        loop {
            // SAFETY: it came from a box, and nobody else has it before it is on the list.
            unsafe { (*self.entry).next = first };
            match DROPPED.compare_exchange_weak(first, self.entry, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => first = other,
            }
        }
    }
}

/// These bytes of an object.
///
/// # Safety
/// They stay where they are, and what they are, as long as the object is there.
pub(crate) unsafe fn lend(object: Py<PyAny>, bytes: *const [u8]) -> Bytes {
    let entry = Box::into_raw(Box::new(Entry { _object: object, next: ptr::null_mut() }));
    Bytes::from_owner(Held { entry, bytes })
}

/// Lets objects go whose bytes nobody needs any longer.
pub(crate) fn let_go(_: Python<'_>) {
    if DROPPED.load(Ordering::Relaxed).is_null() {
        return;
    }
    let mut next = DROPPED.swap(ptr::null_mut(), Ordering::Acquire);
    while !next.is_null() {
        // SAFETY: it came from a box, and whoever takes it off the list is the only one who has it.
        next = unsafe { Box::from_raw(next) }.next;
    }
}
