//! Hostile and broken peers: peers that register and vanish, peers that send garbage, connections that
//! say nothing. All of them are threads that end by themselves after a few seconds.

mod garbage;
mod half_open;
mod peer;
mod registrations;

pub(crate) use garbage::garbage;
pub(crate) use half_open::half_open;
pub(crate) use registrations::registrations;

/// Process ids that no process has (Linux has at most 2^22): the workers that attackers pretend to be.
const PIDS_FROM: u32 = 1 << 23;

/// Whether a worker said to be this process is one that an attacker pretends to be.
pub(crate) fn is_attacker(pid: u32) -> bool {
    pid >= PIDS_FROM
}
