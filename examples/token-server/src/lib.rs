//! The Token Server: an identity is verified, its user gets a node, and a token for it is made.
//!
//! * [`identity`] decides who somebody is. It has no network, clock or thread.
//! * [`store`] keeps users and nodes in a database.
//! * [`verifier`] fetches what an identity needs and has it verified by a worker.
//! * [`token`] and [`hawk`] are what workers compute.
//! * [`http`] answers clients; what waits, for the network or for the database, waits there and not in workers.
//! * [`operation`] runs it all.
//! * [`demonstration`] makes all that a server needs.
//! * [`vectors`] replays test vectors.
//!
//! Nothing here may log an assertion, a token, a key or an address of a person.

pub mod behaviour;
pub mod demonstration;
mod glob;
pub mod hawk;
pub mod http;
pub mod identity;
pub mod operation;
pub mod store;
pub mod token;
pub mod vectors;
pub mod verifier;
