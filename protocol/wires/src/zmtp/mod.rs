//! ZeroMQ's wire protocol (ZMTP 3.1, mechanism NULL), without a thread: a [`Router`] that listens and a [`Dealer`] that
//! connects. `format` reads and writes its bytes, `input` puts together what comes (pure: bytes in, messages out), `output`
//! sends what goes, `connection` is the two with a socket, `net` makes sockets: unix and TCP. `way` is what the
//! bytes go through, the socket or shared memory; `agreement` is how two peers of ours come to that.

mod agreement;
mod buffers;
mod chunk;
mod connection;
mod dealer;
mod format;
mod input;
mod net;
mod output;
mod over;
mod reading;
mod router;
mod violation;
mod way;

pub use dealer::{Dealer, Failure};
#[cfg(feature = "libzmq")]
pub(crate) use net::resolve;
pub use router::Router;
pub use violation::Violation;
