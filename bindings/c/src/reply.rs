//! What comes back, as C sees it.

use crate::guard::{guard, text_or_null};
use crate::views::{powerhose_bytes, powerhose_header_view};
use powerhose::Reply;
use powerhose_protocol::JobId;
use std::ffi::c_char;
use std::mem::MaybeUninit;

/// Where C wants a reply. What stands there before is not read.
pub(crate) type ReplyOut<'r> = Option<&'r mut MaybeUninit<Option<Box<powerhose_reply>>>>;

/// The reply to a job. Freed by `powerhose_reply_free`; what is read from it lives as long as it does. Any number of threads may
/// read it at once.
pub struct powerhose_reply(pub(crate) Reply);

/// Frees a reply. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_free(reply: Option<Box<powerhose_reply>>) {
    drop(reply);
}

/// Its bytes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_payload(reply: Option<&powerhose_reply>) -> powerhose_bytes {
    reply.map_or(powerhose_bytes::NONE, |reply| powerhose_bytes::of(&reply.0))
}

/// The value of a header that the handler set; nothing if it did not, or the name is no UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_header(
    reply: Option<&powerhose_reply>,
    name: *const c_char,
) -> powerhose_bytes {
    let find = || {
        // SAFETY: C passes text, or NULL.
        let name = unsafe { text_or_null(name, "name")? };
        let value = reply.zip(name).and_then(|(reply, name)| reply.0.headers().find(name));
        Ok(value.map_or(powerhose_bytes::NONE, powerhose_bytes::of))
    };
    guard(None, |_| powerhose_bytes::NONE, find)
}

/// How many headers the handler set.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_headers_count(reply: Option<&powerhose_reply>) -> usize {
    reply.map_or(0, |reply| reply.0.headers().iter().count())
}

/// The header of this number, from 0.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_header_at(
    reply: Option<&powerhose_reply>,
    number: usize,
) -> powerhose_header_view {
    powerhose_header_view::of(reply.and_then(|reply| reply.0.headers().iter().nth(number)))
}

/// The job's id: one number in errors, at workers and, written by `powerhose_job_id_text`, in all logs.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_job(reply: Option<&powerhose_reply>) -> u64 {
    reply.map_or(0, |reply| reply.0.job().to_wire())
}

/// The id of the worker that made it.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_worker(reply: Option<&powerhose_reply>) -> u64 {
    reply.map_or(0, |reply| reply.0.worker())
}

/// How often the job was dispatched, from 1.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_attempts(reply: Option<&powerhose_reply>) -> u32 {
    reply.map_or(0, |reply| reply.0.attempts())
}

/// How long the job waited at the master for its (last) worker, in microseconds.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_wait_us(reply: Option<&powerhose_reply>) -> u64 {
    reply.map_or(0, |reply| reply.0.wait_time().as_micros() as u64)
}

/// How long the handler ran, in microseconds.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_reply_run_us(reply: Option<&powerhose_reply>) -> u64 {
    reply.map_or(0, |reply| reply.0.run_time().as_micros() as u64)
}

/// Bytes that `powerhose_job_id_text` writes at most.
pub const POWERHOSE_JOB_ID_SIZE: usize = 32;

/// Writes a job's id as the logs have it (`3.17`), with a zero at its end, to a buffer of POWERHOSE_JOB_ID_SIZE bytes.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_job_id_text(job: u64, buffer: *mut c_char) {
    if buffer.is_null() {
        return;
    }
    // Two numbers of at most 8 and 13 digits, and a point between them.
    let text = JobId::from_wire(job).to_string();
    for (place, byte) in text.bytes().chain([0]).take(POWERHOSE_JOB_ID_SIZE).enumerate() {
        // SAFETY: C has room for so many.
        unsafe { buffer.add(place).write(byte as c_char) };
    }
}
