//! What C sees of a problem.

use crate::kinds::powerhose_status;
use crate::problem::{Problem, worker_exit};
use powerhose::WorkerExit;
use std::ffi::{CString, c_char, c_void};

/// Why a call did not do what it was asked for. Made by the library, freed by `powerhose_error_free`; its texts live as long
/// as it does and are never NULL. Nothing in it is to be changed; fields may be added at its end.
#[repr(C)]
pub struct powerhose_error {
    /// The kind: never POWERHOSE_OK, POWERHOSE_PENDING or POWERHOSE_ENDED.
    pub status: powerhose_status,
    /// What happened, for people: all that is known, in one line or a few.
    pub message: *const c_char,
    /// What happened, for programs: a handler's own code, a rejection's reason, or a word of the library.
    pub code: *const c_char,
    /// A handler's own text, or the reason alone.
    pub text: *const c_char,
    /// The job's id, as `powerhose_reply_job` gives it; 0 if the error is of no job, or the job never reached a master.
    pub job: u64,
    /// The worker that answered or died; 0 if none had the job.
    pub worker: u64,
    /// When to come back at the earliest, if the master says so; else 0.
    pub retry_after_ms: u64,
    /// How often the job was dispatched.
    pub attempts: u32,
    /// The status with which a web service may answer; 500 for what is no error of a job.
    pub http_status: u32,
    /// The signal that ended the worker with which the job was lost; 0 if none did or nobody knows.
    pub worker_signal: i32,
    /// The status with which that worker exited; -1 if it did not or nobody knows.
    pub worker_exit_status: i32,
    /// Whether a worker may have begun the job. If not, it can be submitted again whatever it does.
    pub may_have_run: bool,
    /// Whether the same job may succeed when it is submitted again.
    pub is_retryable: bool,
    /// Whether there is too much to do, or nobody to do it: come back later.
    pub is_overload: bool,
    /// The library's own.
    pub texts: *const c_void,
}

/// What the error's pointers point to.
type Texts = [CString; 3];

impl powerhose_error {
    pub(crate) fn new(problem: Problem) -> Box<powerhose_error> {
        let Problem { status, code, text, message, job } = problem;
        let texts: Box<Texts> = Box::new([message, code, text].map(without_zeros));
        let [message, code, text] = [&texts[0], &texts[1], &texts[2]].map(|text| text.as_ptr());
        let exit = job.as_ref().and_then(worker_exit);
        let job = job.as_ref();
        Box::new(powerhose_error {
            status,
            message,
            code,
            text,
            job: job.and_then(|job| job.job()).map_or(0, |id| id.to_wire()),
            worker: job.and_then(|job| job.worker()).unwrap_or(0),
            retry_after_ms: job.and_then(|job| job.retry_after()).map_or(0, |after| after.as_millis() as u64),
            attempts: job.map_or(0, |job| job.attempts()),
            http_status: job.map_or(500, |job| job.http_status().into()),
            worker_signal: match exit {
                Some(WorkerExit::Signal(signal)) => signal,
                Some(WorkerExit::Status(_)) | None => 0,
            },
            worker_exit_status: match exit {
                Some(WorkerExit::Status(status)) => status,
                Some(WorkerExit::Signal(_)) | None => -1,
            },
            may_have_run: job.is_some_and(|job| job.may_have_run()),
            is_retryable: job.is_some_and(|job| job.is_retryable()),
            is_overload: job.is_some_and(|job| job.is_overload()),
            texts: Box::into_raw(texts).cast_const().cast(),
        })
    }
}

impl Drop for powerhose_error {
    fn drop(&mut self) {
        // SAFETY: it was made of such a box when the error was made, and C changes no field of an error.
        drop(unsafe { Box::from_raw(self.texts.cast_mut().cast::<Texts>()) });
    }
}

/// Text for C, where a zero would end it.
pub(crate) fn without_zeros(text: String) -> CString {
    CString::new(text).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&error.into_vec()).replace('\0', "\u{fffd}");
        CString::new(text).unwrap_or_default()
    })
}

/// Frees an error. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_error_free(error: Option<Box<powerhose_error>>) {
    drop(error);
}

/// The word for a status: `timed_out`. It lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_status_name(status: u32) -> *const c_char {
    let name = match status {
        0 => c"ok",
        1 => c"failed",
        2 => c"timed_out",
        3 => c"cancelled",
        4 => c"lost",
        5 => c"rejected",
        6 => c"invalid",
        7 => c"misuse",
        8 => c"unreachable",
        9 => c"refused",
        10 => c"in_use",
        11 => c"workers_missing",
        12 => c"jobs_lost",
        13 => c"system",
        14 => c"internal",
        32 => c"pending",
        33 => c"ended",
        _ => c"unknown",
    };
    name.as_ptr()
}
