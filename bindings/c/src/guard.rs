//! The border: panics stay inside, and what C passes in becomes what Rust can hold.

use crate::error::powerhose_error;
use crate::problem::Problem;
use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::time::Duration;

/// Where C wants an error. What stands there before is not read: C need not have set it.
pub(crate) type ErrorOut<'e> = Option<&'e mut MaybeUninit<Option<Box<powerhose_error>>>>;

/// Calls it, and gives what it gives. After a problem, or a panic, C gets the error and what `failed` makes of it.
pub(crate) fn guard<T>(
    error: ErrorOut<'_>,
    failed: impl FnOnce(&Problem) -> T,
    call: impl FnOnce() -> Result<T, Problem>,
) -> T {
    let result = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(Problem::panic(&*panic)));
    let (given, problem) = match result {
        Ok(given) => (given, None),
        Err(problem) => (failed(&problem), Some(problem)),
    };
    if let Some(error) = error {
        error.write(problem.map(powerhose_error::new));
    }
    given
}

/// A handle that must be there.
pub(crate) fn given<'h, T>(handle: Option<&'h T>, name: &str) -> Result<&'h T, Problem> {
    handle.ok_or_else(|| Problem::invalid(format!("{name} is NULL")))
}

/// Gives C what it waits for, or nothing if it does not want it.
pub(crate) fn put<T>(out: Option<&mut MaybeUninit<Option<Box<T>>>>, thing: Option<T>) {
    if let Some(out) = out {
        out.write(thing.map(Box::new));
    }
}

/// Text of C.
///
/// # Safety
/// The pointer is null, or points to text with a zero at its end, which stays as it is for `'t`.
pub(crate) unsafe fn text<'t>(text: *const c_char, name: &str) -> Result<&'t str, Problem> {
    // SAFETY: the same contract.
    match unsafe { text_or_null(text, name)? } {
        Some(text) => Ok(text),
        None => Err(Problem::invalid(format!("{name} is NULL"))),
    }
}

/// Text of C that may be missing.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn text_or_null<'t>(text: *const c_char, name: &str) -> Result<Option<&'t str>, Problem> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: it points to text with a zero at its end.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| Problem::invalid(format!("{name} is no UTF-8")))
}

/// Text of C that ends with a zero, or has so many bytes.
///
/// # Safety
/// As for [`text`] if it has none, else as for [`bytes`].
pub(crate) unsafe fn sized_text<'t>(
    start: *const c_char,
    count: usize,
    name: &str,
) -> Result<&'t str, Problem> {
    if count == 0 {
        // SAFETY: the same contract.
        return unsafe { text(start, name) };
    }
    // SAFETY: the same contract.
    let bytes = unsafe { bytes(start.cast(), count, name)? };
    std::str::from_utf8(bytes).map_err(|_| Problem::invalid(format!("{name} is no UTF-8")))
}

/// Bytes of C; null stands for none at all.
///
/// # Safety
/// The pointer is null, or points to so many bytes, which stay as they are for `'b`.
pub(crate) unsafe fn bytes<'b>(data: *const c_void, count: usize, name: &str) -> Result<&'b [u8], Problem> {
    if data.is_null() {
        return match count {
            0 => Ok(&[]),
            _ => Err(Problem::invalid(format!("{name} is NULL and has {count} bytes"))),
        };
    }
    if count > isize::MAX as usize {
        return Err(Problem::invalid(format!("{name} has {count} bytes: more than there can be")));
    }
    // SAFETY: it points to so many bytes, and their number is one that Rust takes.
    Ok(unsafe { slice::from_raw_parts(data.cast(), count) })
}

/// A time of C. `POWERHOSE_FOREVER` is none.
pub(crate) fn time(milliseconds: u64) -> Option<Duration> {
    (milliseconds != crate::kinds::POWERHOSE_FOREVER).then(|| Duration::from_millis(milliseconds))
}
