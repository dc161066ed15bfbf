//! Ways to call: alone, as many futures on one thread, as many tasks of a runtime, as many threads, or at a fixed rate
//! whatever comes back. None of them knows what it calls.

mod closed_loop;
mod executor;
mod lone;
mod open_loop;
mod tally;
mod tasks;

pub(crate) use closed_loop::{in_order, keep_in_flight};
pub(crate) use lone::round_trips;
pub(crate) use open_loop::{Schedule, at_fixed_rate};
pub(crate) use tally::{Lane, Tally, throughput};
pub(crate) use tasks::{awaited_round_trips, keep_tasks};
