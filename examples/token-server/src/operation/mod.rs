//! What runs the server: its workers, secrets that change, limits, metrics.

pub mod configuration;
mod connections;
pub mod identity;
pub mod limits;
pub mod metrics;
pub mod options;
pub mod secrets;
pub mod serve;
pub mod worker;
