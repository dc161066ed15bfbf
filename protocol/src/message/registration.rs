//! How a worker offers pools.

use super::wire::*;
use crate::fields::Named;

wire_struct! {
    /// One pool that a worker offers.
    PoolOffer<'a> {
        /// The pool.
        pool: &'a str,
        /// How many of its jobs the worker takes at once: 1 to [`CREDIT_MAX`](crate::limits::CREDIT_MAX).
        credit_max: u64,
    }
}

wire_struct! {
    /// A worker offers pools. A second REGISTER replaces them.
    Register<'a> {
        /// The session.
        session: u64,
        /// What it offers.
        pools: Vec<PoolOffer<'a>>,
        /// Its process id on its host.
        pid: u64,
        /// Its host's name.
        host: &'a str,
        /// Random, new at every start of the process: pids are used again, and collide across hosts.
        instance: &'a str,
        /// Whether it sends HEARTBEAT and reads messages while a handler runs.
        attentive: bool,
        /// Whatever its operator wants to see beside it.
        labels: Named<'a, &'a str>,
    }
}

wire_struct! {
    /// What holds in one pool.
    PoolTerms<'a> {
        /// The pool.
        pool: &'a str,
        /// By name: `overrun_grace_ms`, `stock_wait_ms`.
        settings: Named<'a, u64>,
    }
}

wire_struct! {
    /// The master accepted a REGISTER.
    Registered<'a> {
        /// The session.
        session: u64,
        /// The worker's id: its peer number.
        worker: u64,
        /// Its pools.
        pools: Vec<PoolTerms<'a>>,
    }
}
