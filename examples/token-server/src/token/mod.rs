//! Tokens as workers make and check them: bytes and values in, bytes and values out, the time handed in.
//!
//! A token is what Mozilla's tokenlib 2.0 makes, signed with the secret of the node that it is for.

pub mod job;
pub mod keyring;
pub mod masters;
pub mod payload;
