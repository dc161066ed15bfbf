//! Who somebody is: BrowserID assertions and the accounts server's bearer tokens, by the rules of both.
//!
//! Pure: bytes, keys, rules and the time go in, an [`Identity`] or an [`IdentityError`] comes out. Never waits, never looks
//! at a clock, and never tells what an assertion holds.

mod accounts;
mod audience;
pub mod bearer;
pub mod browserid;
mod encoding;
mod error;
mod host;
mod jws;
mod key;
mod key_id;
pub mod maker;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::accounts::AccountClaims;
pub use self::error::{ErrorKind, IdentityError};
pub use self::host::is_authority;
pub use self::key_id::{CLIENT_STATE_BYTES_MAX, KeyId, KeyIdError};

/// Extra claims by their names.
pub type Claims = Map<String, Value>;

/// A verified user. Holds an address, therefore without `Debug`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The name of the user's record: `uid@issuer` with an accounts server, whichever way the user came.
    pub email: String,
    /// What the accounts server says about account and session.
    pub account: AccountClaims,
}
