//! The Token Server: an identity is verified, its user gets a node, and a token for it is made.
//!
//! [`identity`] decides who somebody is. It has no network, clock or thread. [`store`] knows the users and the nodes.

pub mod behaviour;
pub mod identity;
pub mod store;
