//! What C is shown without being given it.

use std::ffi::{c_char, c_void};

/// Bytes that somebody else owns: as long as it says where they come from. There is no zero behind them. `data` is NULL where
/// there is nothing at all, as for a header that was not set; it is not where there are bytes, however few.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct powerhose_bytes {
    /// Where they begin.
    pub data: *const u8,
    /// How many there are.
    pub size: usize,
}

impl powerhose_bytes {
    /// Nothing at all.
    pub(crate) const NONE: powerhose_bytes = powerhose_bytes { data: std::ptr::null(), size: 0 };

    pub(crate) fn of(bytes: &[u8]) -> powerhose_bytes {
        powerhose_bytes { data: bytes.as_ptr(), size: bytes.len() }
    }
}

/// A header that is shown: both are of the job's or the reply's memory. `name.data` is NULL if there is none of this number.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct powerhose_header_view {
    /// UTF-8.
    pub name: powerhose_bytes,
    /// Any bytes.
    pub value: powerhose_bytes,
}

impl powerhose_header_view {
    pub(crate) fn of(header: Option<(&str, &[u8])>) -> powerhose_header_view {
        match header {
            Some((name, value)) => powerhose_header_view {
                name: powerhose_bytes::of(name.as_bytes()),
                value: powerhose_bytes::of(value),
            },
            None => powerhose_header_view { name: powerhose_bytes::NONE, value: powerhose_bytes::NONE },
        }
    }
}

/// A header that is set.
#[repr(C)]
pub struct powerhose_header {
    /// UTF-8.
    pub name: *const c_char,
    /// How many bytes it has; 0: it ends with a zero.
    pub name_size: usize,
    /// Any bytes.
    pub value: *const c_void,
    /// How many they are.
    pub value_size: usize,
}
