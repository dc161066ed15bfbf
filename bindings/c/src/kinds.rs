//! How a call can end.

/// How a call ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum powerhose_status {
    /// As it should.
    POWERHOSE_OK = 0,
    /// A job's handler gave an error; `code` and `text` of the error are the handler's.
    POWERHOSE_FAILED = 1,
    /// A job's deadline passed.
    POWERHOSE_TIMED_OUT = 2,
    /// A job was cancelled.
    POWERHOSE_CANCELLED = 3,
    /// A job was lost with its worker or with the master; `code` is `worker` or `master`.
    POWERHOSE_LOST = 4,
    /// A job was refused before any worker had it; `code` says why: `queue_full`, `queue_bytes`, `overload`, `no_workers`,
    /// `payload_too_large`, `bad_headers`, `bad_pool`, `pools_max`, `closed`, `forked`, `bad_call`, `refused`.
    POWERHOSE_REJECTED = 5,
    /// An argument is not what it must be. Nothing was done.
    POWERHOSE_INVALID = 6,
    /// The call is not allowed now: what it asks for was taken before, or another thread is at it. Nothing was done.
    POWERHOSE_MISUSE = 7,
    /// No master answered.
    POWERHOSE_UNREACHABLE = 8,
    /// The master refused this client, worker or order.
    POWERHOSE_REFUSED = 9,
    /// A master cannot listen there: another one does, or something else stands in its way.
    POWERHOSE_IN_USE = 10,
    /// Too few workers came in time, or a worker's program did not start.
    POWERHOSE_WORKERS_MISSING = 11,
    /// Some jobs ended without a reply while the master drained.
    POWERHOSE_JOBS_LOST = 12,
    /// The system refused something.
    POWERHOSE_SYSTEM = 13,
    /// The library is broken: a bug.
    POWERHOSE_INTERNAL = 14,
    /// No error: what was asked for is not there yet.
    POWERHOSE_PENDING = 32,
    /// No error: there is no more.
    POWERHOSE_ENDED = 33,
}

/// For functions that wait: as long as it takes.
pub const POWERHOSE_FOREVER: u64 = u64::MAX;

/// A job's flag: it is never dispatched a second time.
pub const POWERHOSE_JOB_ONCE: u32 = 1;
/// A job's flag: `end_within_ms` counts.
pub const POWERHOSE_JOB_END_WITHIN: u32 = 2;

/// An order: no further jobs.
pub const POWERHOSE_ORDER_QUIET: u32 = 1;
/// An order: jobs again.
pub const POWERHOSE_ORDER_RESUME: u32 = 2;
/// An order: no further jobs; it has had its effect when the worker has none left.
pub const POWERHOSE_ORDER_DRAIN: u32 = 3;
/// An order: finish what it has, and exit.
pub const POWERHOSE_ORDER_STOP: u32 = 4;

/// What workers print goes where that of this process goes.
pub const POWERHOSE_OUTPUT_INHERIT: u32 = 0;
/// It goes nowhere.
pub const POWERHOSE_OUTPUT_DISCARD: u32 = 1;
/// It goes where that of this process goes, each line with its worker's slot before it: `worker-3 | …`.
pub const POWERHOSE_OUTPUT_NAMED: u32 = 2;
