//! The shell around the machine: one socket, the job thread that calls the handler, and the keeper beside it.
//!
//! The job thread holds [`Io`] whenever no handler runs, and lets go of it before it calls the handler. Only then does the
//! keeper take it, so a job costs no wake-up of any thread beyond its own. Nothing here decides what the protocol says:
//! that is the machine's.

mod handler;
mod io;
mod keeper;
mod panics;
mod watchdog;

use crate::machine::{Ending, Settings};
use crate::stop::StopWatch;
use crate::{CurveClient, Endpoint, Job, JobFailure, Reply, WorkerError};
use io::Io;
use keeper::Pace;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

pub use watchdog::WATCHDOG_EXIT_STATUS;

/// What the job thread and the keeper share.
struct Shared<'a> {
    io: Mutex<Io<'a>>,
    /// When the keeper may take `io`, and how often it looks.
    pace: Pace,
    /// The keeper is no longer needed.
    ended: AtomicBool,
}

impl<'a> Shared<'a> {
    fn lock(&self) -> MutexGuard<'_, Io<'a>> {
        // No handler runs under the lock, so only a broken invariant of this crate can poison it.
        self.io.lock().expect("the other thread did not panic")
    }
}

/// Where the master is, and how it is reached.
#[derive(Clone, Copy)]
pub(crate) struct Master<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// With keys, encrypted.
    pub(crate) curve: Option<&'a CurveClient>,
}

/// Runs a worker on this thread until it ends.
pub(crate) fn run<R, H>(
    master: Master<'_>,
    settings: Settings,
    stop: &StopWatch,
    mut handler: H,
) -> Result<(), WorkerError>
where
    R: Into<Reply>,
    H: FnMut(&Job) -> Result<R, JobFailure>,
{
    panics::install_hook();
    let silence_max = settings.silence_max;
    let cancelled = Arc::new(AtomicBool::new(false));
    let io = Io::open(io::connect(master)?, settings, stop, cancelled.clone())?;
    let shared = Shared { io: Mutex::new(io), pace: Pace::default(), ended: false.into() };
    let ending = thread::scope(|scope| {
        let keeper = thread::Builder::new()
            .name("powerhose-keeper".to_owned())
            .spawn_scoped(scope, || keeper::keep(&shared))
            .map_err(|error| WorkerError::system("start a thread", error))?;
        let _end = EndKeeper { ended: &shared.ended, keeper: keeper.thread().clone() };
        Ok::<_, WorkerError>(work(&shared, keeper.thread(), &cancelled, &mut handler))
    })?;
    match ending {
        Ending::Left | Ending::Stopped { .. } => Ok(()),
        Ending::Unreachable => {
            Err(WorkerError::MasterUnreachable { endpoint: master.endpoint.clone(), after: silence_max })
        }
        Ending::Refused { code, text } => {
            Err(WorkerError::Refused { endpoint: master.endpoint.clone(), code, text })
        }
    }
}

/// The job thread.
fn work<R, H>(
    shared: &Shared<'_>,
    keeper: &thread::Thread,
    cancelled: &Arc<AtomicBool>,
    handler: &mut H,
) -> Ending
where
    R: Into<Reply>,
    H: FnMut(&Job) -> Result<R, JobFailure>,
{
    let mut io = shared.lock();
    let mut now = Instant::now();
    loop {
        if let Some(ending) = io.machine.ending() {
            return ending.clone();
        }
        let next = if io.has_unsent() { None } else { io.machine.next_job(now) };
        io.act(now);
        let Some(next) = next else {
            io.wait();
            now = Instant::now();
            io.turn(now);
            continue;
        };
        cancelled.store(false, Ordering::Relaxed);
        let job = Job::new(next, cancelled.clone());
        let has_stock = io.machine.has_stock();
        drop(io);
        shared.pace.begin(has_stock, keeper);
        let begun_at = Instant::now();
        let outcome = handler::call(handler, &job);
        let ended_at = Instant::now();
        shared.pace.end();
        io = shared.lock();
        io.machine.finish(outcome, ended_at - begun_at);
        io.act(ended_at);
        now = ended_at;
        io.turn_between_jobs(now);
    }
}

/// Ends the keeper also when a panic passes through here.
struct EndKeeper<'a> {
    ended: &'a AtomicBool,
    keeper: thread::Thread,
}

impl Drop for EndKeeper<'_> {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        self.keeper.unpark();
    }
}
