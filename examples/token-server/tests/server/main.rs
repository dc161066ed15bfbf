//! The whole server as a process, asked by a real HTTP client. Nothing is replaced by a double but the issuers.
//!
//! `credentials`, `bearer`, `records` and `answers` are the HTTP tables of the two servers that clients know, line by line.

mod answers;
mod bearer;
mod credentials;
mod demo;
mod hawk;
mod life;
mod limits;
mod records;
mod support;
#[cfg(feature = "tool-tests")]
mod tools;

#[cfg(feature = "tool-tests")]
#[path = "../store/postgres.rs"]
mod postgres;
