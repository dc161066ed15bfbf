//! What a program says to a job: bytes, headers, or a failure.

use super::{Payload, powerhose_work};
use crate::guard::{ErrorOut, bytes, given, guard, sized_text, text_or_null};
use crate::kinds::powerhose_status::{self, *};
use crate::lent::lent;
use crate::problem::Problem;
use powerhose::worker::JobFailure;
use std::ffi::{c_char, c_void};

/// Sets the reply's bytes, which are copied, in the place of those that were set before.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_reply(
    work: Option<&powerhose_work>,
    payload: *const c_void,
    payload_size: usize,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let set = || {
        // SAFETY: C passes so many bytes.
        let payload = unsafe { bytes(payload, payload_size, "payload")? };
        given(work, "work")?.lock().payload = Payload::Own(payload.to_vec());
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, set)
}

/// The same without a copy: the bytes stay as they are until `release` is called, once, with `context`, on any thread; also where this
/// fails. It calls nothing of this library. For large replies: lending costs more than copying a few KiB.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_reply_lent(
    work: Option<&powerhose_work>,
    payload: *const c_void,
    payload_size: usize,
    release: Option<extern "C" fn(context: *mut c_void)>,
    context: *mut c_void,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let set = || {
        let Some(release) = release else { return Err(Problem::invalid("release is NULL")) };
        // SAFETY: C lends so many bytes.
        let payload = unsafe { lent(payload, payload_size, "payload", release, context)? };
        given(work, "work")?.lock().payload = Payload::Lent(payload);
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, set)
}

/// Makes room for a reply of so many bytes, all zero, in the place of what was set before, and returns where it is: to be written until
/// the handler returns, or the work is finished. NULL if there is not so much memory, or no work.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_reply_room(
    work: Option<&powerhose_work>,
    payload_size: usize,
) -> *mut c_void {
    let room = || {
        let mut answer = given(work, "work")?.lock();
        let mut payload = Vec::<u8>::new();
        payload.try_reserve_exact(payload_size).map_err(Problem::system)?;
        payload.resize(payload_size, 0);
        let start = payload.as_mut_ptr().cast();
        // Moving it leaves its bytes where they are.
        answer.payload = Payload::Own(payload);
        Ok(start)
    };
    guard(None, |_| std::ptr::null_mut(), room)
}

/// Adds a header to the reply: at most 64, with 16 KiB in all, a name once. Its name has so many
/// bytes; 0: it ends with a zero.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_reply_header(
    work: Option<&powerhose_work>,
    name: *const c_char,
    name_size: usize,
    value: *const c_void,
    value_size: usize,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let add = || {
        // SAFETY: C passes text and so many bytes.
        let (name, value) =
            unsafe { (sized_text(name, name_size, "name")?, bytes(value, value_size, "value")?) };
        given(work, "work")?.lock().headers.push((name.to_owned(), value.to_vec()));
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, add)
}

/// Fails the job instead: with a code for its caller's program and a text for its people. The code is cut to 64 bytes, the text to
/// 16 KiB. NULL: the code is `error`, the text is empty.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_work_fail(
    work: Option<&powerhose_work>,
    code: *const c_char,
    text: *const c_char,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let fail = || {
        // SAFETY: C passes text, or NULL, twice.
        let (code, text) = unsafe { (text_or_null(code, "code")?, text_or_null(text, "text")?) };
        let failure = JobFailure::new(code.unwrap_or("error"), text.unwrap_or_default());
        given(work, "work")?.lock().failure = Some(failure);
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, fail)
}
