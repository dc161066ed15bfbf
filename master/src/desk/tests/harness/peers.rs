//! The other ends of sessions, and how they introduce themselves.

use crate::desk::Route;
use powerhose_protocol::*;

/// The other end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) route: Route,
    pub(crate) session: u64,
    pub(crate) number: u64,
}

/// How a worker registers.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) pools: Vec<(&'static str, u64)>,
    pub(crate) pid: u64,
    pub(crate) host: &'static str,
    pub(crate) attentive: bool,
}

/// A registration for these pools, with as much credit as the master likes, from another host.
pub(crate) fn offers(pools: &[&'static str]) -> Registration {
    let pools = pools.iter().map(|pool| (*pool, limits::CREDIT_MAX)).collect();
    Registration { pools, pid: 0, host: "there", attentive: true }
}

/// A HELLO without a nonce.
pub(crate) fn hello(role: &str) -> Hello<'_> {
    Hello {
        magic: MAGIC,
        version_min: VERSION_MIN,
        version_max: VERSION_MAX,
        role,
        software: "paper/1",
        nonce: None,
    }
}
