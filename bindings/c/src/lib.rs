//! Powerhose for C: the interface that `include/powerhose.h` declares, over the crates for Rust.
//!
//! What C holds are handles, each made by one function and freed by another. A handle that C passes in is a reference here,
//! and null where C passes NULL; text and bytes are read where C left them before a function returns, and copied.
//!
//! No panic leaves this crate (`guard`). A handle that a fork copied is refused, and leaked when the child frees it
//! (`birth`): what it holds belongs to the parent.

#![allow(non_camel_case_types, reason = "the types have the names that C knows them by")]
#![allow(unreachable_pub, reason = "what C sees is public, and no Rust crate is meant to call it")]

mod batch;
mod birth;
mod client;
mod cluster;
mod error;
mod guard;
mod handle;
mod job;
mod json;
mod kinds;
mod lent;
mod log;
mod many;
mod master;
mod notices;
mod operator;
mod problem;
mod queue;
mod reply;
mod runner;
mod settings;
mod version;
mod views;
mod work;
mod worker;
