//! Bounds that hold for every message, whatever the settings of its peers. A message beyond one is refused whole.

/// Bytes of a header frame. 64 jobs with all the headers they may have fit in.
pub const HEADER_FRAME_BYTES_MAX: usize = 4 << 20;
/// Entries (jobs, replies, calls, …) of one message. Senders keep to the smaller batch of their settings.
pub const ENTRIES_MAX: usize = 1024;
/// Bytes of a pool's name: ASCII letters, digits, `.`, `_`, `-`.
pub const POOL_BYTES_MAX: usize = 64;
/// Pools of one worker.
pub const POOLS_PER_WORKER_MAX: usize = 64;
/// Jobs that a worker may be given at once in one pool.
pub const CREDIT_MAX: u64 = 1024;
/// Bytes of `software`, `host`, `instance`, `role`, `query`, `verb`, `selector`.
pub const WORD_BYTES_MAX: usize = 255;
/// Bytes of a code (of a failed job, a BYE, a REJECT).
pub const CODE_BYTES_MAX: usize = 64;
/// Bytes of a text (an error message, with its traceback).
pub const TEXT_BYTES_MAX: usize = 16 << 10;
/// Headers of one job or reply.
pub const HEADERS_MAX: usize = 64;
/// Bytes of a header's name.
pub const HEADER_NAME_BYTES_MAX: usize = 255;
/// Bytes of all names and values of the headers of one job or reply.
pub const HEADERS_BYTES_MAX: usize = 16 << 10;
/// Labels of a worker.
pub const LABELS_MAX: usize = 32;
/// Bytes of all keys and values of a worker's labels.
pub const LABELS_BYTES_MAX: usize = 4 << 10;
/// Entries of a map of settings (the limits and intervals of WELCOME, the settings of a pool).
pub const SETTINGS_MAX: usize = 64;
/// Values in the map of a STATE or a CONTROLLED, nested ones included.
pub const VALUES_MAX: usize = 256 << 10;
/// Bytes of a page of a STATE: a master that has more to tell says how to ask for the next page. Far below
/// [`HEADER_FRAME_BYTES_MAX`], because its loop does nothing else while it writes one.
pub const PAGE_BYTES_MAX: usize = 256 << 10;
/// Values of a page of a STATE, nested ones included.
pub const PAGE_VALUES_MAX: usize = 32 << 10;
/// Pages of one answer to STATUS that a peer asks for.
pub const PAGES_MAX: usize = 1024;
/// Nested arrays and maps of a header.
pub const DEPTH_MAX: usize = 16;
/// Bytes of a nonce and of a MAC.
pub const NONCE_BYTES: usize = 32;
/// Milliseconds of any duration on the wire: 365 days.
pub const DURATION_MS_MAX: u64 = 365 * 24 * 3600 * 1000;

/// Whether this is a pool's name: 1 to [`POOL_BYTES_MAX`] bytes of ASCII letters, digits, `.`, `_`, `-`.
pub fn is_pool_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= POOL_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
