//! A job as C describes it.

use crate::guard::{bytes, given, sized_text, text_or_null};
use crate::kinds::{POWERHOSE_JOB_END_WITHIN, POWERHOSE_JOB_ONCE};
use crate::lent::lent;
use crate::problem::Problem;
use crate::views::powerhose_header;
use bytes::Bytes;
use powerhose::Job;
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// A job. Set all of it to zero first (`powerhose_job job = {0};`): zero is the default of every field. The library reads it
/// while it is given one and keeps nothing of it: payload, pool and headers are copied, unless `release` is set.
#[repr(C)]
pub struct powerhose_job {
    /// The payload, which may be NULL if it has no bytes.
    pub payload: *const c_void,
    /// How many bytes it has.
    pub payload_size: usize,
    /// Which workers can run it: 1 to 64 of the characters `a-z A-Z 0-9 . _ -`. NULL: `default`.
    pub pool: *const c_char,
    /// How long its caller waits, counted from now; at most 365 days. 0: the master's, 5 s.
    pub timeout_ms: u64,
    /// Instead of `timeout_ms`: how long a worker may take, counted from when it is given the job. It waits for a worker as long
    /// as it has to. 0: `timeout_ms` counts.
    pub run_timeout_ms: u64,
    /// Headers for the worker: at most 64, with 16 KiB in all.
    pub headers: *const powerhose_header,
    /// How many there are.
    pub headers_count: usize,
    /// With POWERHOSE_JOB_END_WITHIN: the worker's process ends if the job still runs so long after nobody waits for it any
    /// longer.
    pub end_within_ms: u64,
    /// How many workers may die with it before it ends as lost. 0: the master's, 3.
    pub attempts_max: u32,
    /// POWERHOSE_JOB_ONCE, POWERHOSE_JOB_END_WITHIN, both or none. Any other bit is an error.
    pub flags: u32,
    /// If it is set, the payload is not copied: it stays as it is until this is called, once, with `release_context`, on any
    /// thread; also where the call that was given the job fails. It calls nothing of this library.
    pub release: Option<extern "C" fn(context: *mut c_void)>,
    /// For `release`.
    pub release_context: *mut c_void,
}

/// The job, as Rust has it.
///
/// # Safety
/// What it points to is there, and stays as it is, until this returns; a lent payload until it is released.
pub(crate) unsafe fn read(job: Option<&powerhose_job>) -> Result<Job, Problem> {
    let job = given(job, "job")?;
    // Whatever else is wrong with the job: it is released.
    // SAFETY: the payload is as the caller says.
    let payload = unsafe { payload(job)? };
    if job.flags & !(POWERHOSE_JOB_ONCE | POWERHOSE_JOB_END_WITHIN) != 0 {
        return Err(Problem::invalid(format!("job.flags has bits that mean nothing: {:#x}", job.flags)));
    }
    let mut read = Job::new(payload);
    // SAFETY: the pool is as the caller says.
    if let Some(pool) = unsafe { text_or_null(job.pool, "job.pool")? } {
        read = read.pool(pool);
    }
    if job.timeout_ms > 0 {
        read = read.timeout(Duration::from_millis(job.timeout_ms));
    }
    if job.run_timeout_ms > 0 {
        read = read.run_timeout(Duration::from_millis(job.run_timeout_ms));
    }
    if job.attempts_max > 0 {
        read = read.attempts_max(job.attempts_max);
    }
    if job.flags & POWERHOSE_JOB_ONCE != 0 {
        read = read.once();
    }
    if job.flags & POWERHOSE_JOB_END_WITHIN != 0 {
        read = read.end_within(Duration::from_millis(job.end_within_ms));
    }
    // SAFETY: the headers are as the caller says.
    for (name, value) in unsafe { headers(job.headers, job.headers_count)? } {
        read = read.header(name, value);
    }
    Ok(read)
}

/// # Safety
/// As for [`read`].
unsafe fn payload(job: &powerhose_job) -> Result<Bytes, Problem> {
    let Some(release) = job.release else {
        // SAFETY: the same contract.
        let payload = unsafe { bytes(job.payload, job.payload_size, "job.payload")? };
        return Ok(Bytes::copy_from_slice(payload));
    };
    // SAFETY: the same contract.
    unsafe { lent(job.payload, job.payload_size, "job.payload", release, job.release_context) }
}

/// # Safety
/// There are so many headers, and they stay as they are for `'h`.
unsafe fn headers<'h>(
    headers: *const powerhose_header,
    count: usize,
) -> Result<Vec<(&'h str, &'h [u8])>, Problem> {
    if headers.is_null() && count > 0 {
        return Err(Problem::invalid(format!("job.headers is NULL and has {count} entries")));
    }
    let mut read = Vec::with_capacity(count.min(64));
    for place in 0..count {
        // SAFETY: there are `count` of them, and their texts and bytes are as C says.
        let (name, value) = unsafe {
            let header = &*headers.add(place);
            (
                sized_text(header.name, header.name_size, "a header's name")?,
                bytes(header.value, header.value_size, "a header's value")?,
            )
        };
        read.push((name, value));
    }
    Ok(read)
}
