//! What goes over the wire between a Powerhose master, its workers and its clients.
//!
//! No sockets, no clock, no threads: [`Message::encode`] makes a header frame, [`decode`] reads one. The payload frames
//! that follow a header are raw bytes and never pass through this crate; only their number is checked.
//! `PROTOCOL.md` beside this crate is the specification; `testdata/` holds messages that every implementation reads
//! and writes alike.

mod codec;
mod compact;
mod curve;
mod endpoint;
mod error;
mod fields;
mod ids;
mod kind;
mod limiter;
pub mod limits;
mod message;
mod pages;
mod proof;
mod random;
#[cfg_attr(not(test), deny(clippy::disallowed_methods))]
pub mod session;
mod validate;
mod value;

pub use codec::decode;
pub use curve::{CURVE_FILE_VARIABLE, CurveClient, CurveError, CurveKey, CurveKeyPair, CurveServer};
pub use endpoint::{Endpoint, EndpointError, UNIX_PATH_BYTES_MAX};
pub use error::DecodeError;
pub use fields::MessageHeaders;
pub use ids::{CALL_MAX, JobId, PEER_MAX};
pub use kind::Kind;
pub use limiter::Limiter;
pub use message::*;
pub use pages::{Page, Pages};
pub use proof::{NonceSource, Prover, SECRET_BYTES_MIN, SecretError, SharedSecret};
pub use random::Random;
pub use session::{Belief, Credentials, Greeter};
pub use value::{Value, Weight};

/// The first protocol version this crate speaks.
pub const VERSION_MIN: u64 = 1;
/// The last protocol version this crate speaks.
pub const VERSION_MAX: u64 = 1;
/// The second element of every HELLO: tells a Powerhose peer from a stray connection.
pub const MAGIC: &str = "powerhose";
/// The pool of a job and of a worker that name none.
pub const DEFAULT_POOL: &str = "default";

/// The header by which a job says how many milliseconds a worker's process may go on with it once nobody waits for it any longer.
pub const END_WITHIN_HEADER: &str = "powerhose-end-within-ms";
/// Environment variable through which a supervisor tells its workers where their master is.
pub const ENDPOINT_VARIABLE: &str = "POWERHOSE_ENDPOINT";
/// Environment variable through which a supervisor tells its workers which pool to offer: one, or several with commas
/// between them.
pub const POOL_VARIABLE: &str = "POWERHOSE_POOL";
/// Environment variable that names the file of the secret which a worker shares with its master.
pub const SECRET_FILE_VARIABLE: &str = "POWERHOSE_SECRET_FILE";
