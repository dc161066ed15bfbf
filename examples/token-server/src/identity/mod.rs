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

pub use self::accounts::{AccountClaims, SessionState};
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
    /// Who vouches for the user: a host, in a bearer token the `iss`.
    pub issuer: String,
    /// For whom the assertion was made, as its maker wrote it; empty where a bearer token names nobody.
    pub audience: String,
    /// What the accounts server says about account and session.
    pub account: AccountClaims,
    /// All extra claims of the issuer.
    pub issuer_claims: Claims,
    /// All extra claims of the user's own assertion; none in a bearer token.
    pub user_claims: Claims,
}
