//! HAWK: requests that are signed with the secret of a token, as Mozilla's storage nodes take them.
//!
//! The id is the token, the key is the derived secret, both as text; the algorithm is sha256. The web server reads the
//! header and keeps the nonces, a worker checks the signature.

mod check;
mod header;
pub mod nonces;

pub use check::{Checked, Fault, Presented};
pub use header::{Header, HeaderError};
