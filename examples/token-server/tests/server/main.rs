//! The whole server as a process, asked by a real HTTP client. Nothing is replaced by a double but the issuers.
//!
//! `credentials`, `bearer`, `records` and `answers` are the HTTP tables of the two servers that clients know, line by line.
#![allow(clippy::duplicate_mod, reason = "the same lines hold on each database")]

mod answers;
mod demo;
mod hawk;
mod life;
mod limits;
#[cfg(feature = "tool-tests")]
mod on_postgres;
mod on_sqlite;
mod records;
mod support;
#[cfg(feature = "tool-tests")]
mod together;
#[cfg(feature = "tool-tests")]
mod tools;

#[cfg(feature = "tool-tests")]
#[path = "../store/postgres.rs"]
mod postgres;
