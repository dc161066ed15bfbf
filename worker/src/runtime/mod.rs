//! The shell around the machine: one socket, the thread that runs the jobs, and the keeper beside it.
//!
//! The thread that runs the jobs holds [`Io`] whenever no handler runs, and lets go of it before it calls one. Only then does
//! the keeper take it, so a job costs no wake-up of any thread beyond its own. Nothing here decides what the protocol says:
//! that is the machine's.

mod engine;
mod handler;
mod io;
mod keeper;
mod panics;
mod watchdog;

pub(crate) use engine::{Begun, Engine, Next, Patience};
pub(crate) use handler::{done, failed};
pub use watchdog::WATCHDOG_EXIT_STATUS;

use crate::{CurveClient, Endpoint, Job, JobFailure, Reply, WorkerError};
use io::Io;
use keeper::Pace;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Instant;

/// What the engine and the keeper share.
struct Shared {
    io: Mutex<Io>,
    /// When the keeper may take `io`, and how often it looks.
    pace: Pace,
    /// What a loop that pulls its jobs sleeps on, once it has asked for it. Before, it is told nothing.
    descriptor: OnceLock<OwnedFd>,
    /// The keeper is no longer needed.
    ended: AtomicBool,
}

impl Shared {
    fn new(io: Io) -> Shared {
        let descriptor = OnceLock::new();
        Shared { io: Mutex::new(io), pace: Pace::default(), descriptor, ended: false.into() }
    }

    fn lock(&self) -> MutexGuard<'_, Io> {
        // No handler runs under the lock, so only a broken invariant of this crate can poison it.
        self.io.lock().expect("the other thread did not panic")
    }

    /// Wakes the loop that sleeps on the descriptor, if there is one, for what the link does not tell because it was read
    /// already.
    fn tell_if_ready(&self, io: &Io) {
        if self.descriptor.get().is_some() && io.has_news() {
            io.tell();
        }
    }
}

/// Where the master is, and how it is reached.
#[derive(Clone, Copy)]
pub(crate) struct Master<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// With keys, encrypted.
    pub(crate) curve: Option<&'a CurveClient>,
}

/// Calls the handler with one job after the other on this thread, until the worker ends.
pub(crate) fn run<R, H>(engine: &Engine, mut handler: H) -> Result<(), WorkerError>
where
    R: Into<Reply>,
    H: FnMut(&Job) -> Result<R, JobFailure>,
{
    panics::install_hook();
    let (mut io, mut now) = (engine.enter()?, Instant::now());
    while let Next::Begun(begun) = engine.next(io, now, Patience::Endless)? {
        let outcome = handler::call(&mut handler, &begun.job);
        (io, now) = engine.finish(outcome, begun.at);
    }
    Ok(())
}
