//! Ways for messages between two processes: wires. A [`Listener`] listens and has many peers, a [`Link`] connects and has one;
//! each wire is a folder with both.
//!
//! * [`zmtp`]: ZeroMQ's wire protocol (ZMTP 3.1, mechanism NULL) over unix sockets and TCP, ours. It talks with libzmq's sockets at
//!   `ipc://` and `tcp://` endpoints, and has no thread of its own: the caller's thread reads and writes the socket. That
//!   saves two switches of threads for every message on either side, which costs more than all the rest of a short job. The end
//!   of a connection is seen in its place, after the last message that came over it.
//!   Two of ours that meet at a unix socket exchange their bytes through memory that they share (`shared`), without the system.
//! * [`libzmq`]: the same by the library, where CURVE encrypts, and on request.
//! * [`memory`]: for tests, without sockets.
//!
//! [`choice`] says which of them an endpoint goes over, and [`Listeners`] are several side by side. `tests/conformance` says what
//! all of them have in common.
//!
//! Nothing here blocks except `sleep`, looking up a name to listen at, and, for a bounded time, what is left to be sent
//! when a socket is dropped. Nothing here knows jobs or sessions; of the protocol it knows endpoints, keys and bounds.

// The one place that says so: master, client and worker all stand on this crate.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
compile_error!("Powerhose needs Linux: its loops sleep on epoll, timerfd and eventfd");

mod address;
mod bounds;
pub mod choice;
#[cfg(feature = "libzmq")]
pub mod libzmq;
mod listeners;
pub mod memory;
mod poll;
mod room;
mod route;
mod shared;
mod shortage;
mod traits;
pub mod zmtp;

pub use address::Address;
pub use bounds::Bounds;
pub use listeners::Listeners;
pub use poll::{Gate, Look, Told, Wakeup};
pub use room::Room;
pub use route::Route;
pub use shared::{Sharing, Torn};
pub use traits::{Gone, Link, Listener, NotConnected, Received};
pub use zmtp::{Dealer, Failure, Router, Violation};
