//! A peer's session by PROTOCOL's tables: the test is the master, and the clock.

mod bench;
mod greeting;
mod liveness;
mod proofs;
mod rejects;
mod sessions;
