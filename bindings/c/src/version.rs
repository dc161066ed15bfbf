//! Which Powerhose this is.

use std::ffi::c_char;

/// The version of the interface that a header declares. Programs that were built with another one may not work; within one,
/// functions and the ends of structs are only added.
pub const POWERHOSE_ABI_VERSION: u32 = 0;

/// The version of the library, as `1.2.3`. It lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The POWERHOSE_ABI_VERSION of the library: a program that loads it at run time compares the two.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_abi_version() -> u32 {
    POWERHOSE_ABI_VERSION
}
