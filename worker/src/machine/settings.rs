//! What a machine is told about its worker.

use powerhose_protocol::Credentials;
use std::time::Duration;

/// Who the worker is, what it offers and how patient it is. The protocol's bounds on names, labels and credits hold:
/// [`Worker::run`](crate::Worker::run) checks them before it makes one of these.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it offers: at least one pool, each named once.
    pub pools: Vec<PoolSettings>,
    /// Name and version of its software, for the master's logs.
    pub software: String,
    /// Its host's name.
    pub host: String,
    /// Random, new at every start of the process.
    pub instance: String,
    /// Its process id.
    pub pid: u64,
    /// Whatever its operator wants to see beside it.
    pub labels: Vec<(String, String)>,
    /// To prove itself, and to have the master prove itself.
    pub credentials: Option<Credentials>,
    /// How long the master may be silent before the worker gives up.
    pub silence_max: Duration,
}

/// One pool that the worker offers.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// Its name.
    pub name: String,
    /// How many of its jobs the worker takes at once: 1 to [`CREDIT_MAX`](powerhose_protocol::limits::CREDIT_MAX).
    pub credit_max: u64,
}
