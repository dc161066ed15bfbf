//! What goes over TCP: libzmq's sockets, which have threads of their own and can encrypt. **The only place that knows
//! libzmq.**

mod capabilities;
mod capacity;
mod connection;
pub(crate) mod curve;
pub(crate) mod dealer;
mod frame;
mod monitor;
mod rest;
pub(crate) mod router;

pub use capabilities::{Capabilities, capabilities};
pub(crate) use frame::Frame;
