//! The shell around the machine: one socket, the thread that runs the jobs, and the keeper beside it.
//!
//! The thread that runs the jobs holds [`Io`] whenever no handler runs, and lets go of it before it calls one. Only then does
//! the keeper take it, so a job costs no wake-up of any thread beyond its own. Nothing here decides what the protocol says:
//! that is the machine's.

mod engine;
mod handler;
mod io;
mod keeper;
mod watchdog;

pub(crate) use engine::{Begun, Engine, Next, Patience, run};
pub(crate) use handler::{done, failed};
pub use watchdog::WATCHDOG_EXIT_STATUS;

use crate::{CurveClient, Endpoint};

/// Where the master is, and how it is reached.
#[derive(Clone, Copy)]
pub(crate) struct Master<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// With keys, encrypted.
    pub(crate) curve: Option<&'a CurveClient>,
}
