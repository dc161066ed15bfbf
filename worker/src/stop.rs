//! How a worker is told to leave: by a handle, or by a signal. Both only leave word; the worker acts on it when it gets to
//! it. If it sleeps they wake it, and what they wake it with serves who else has something for it.

use crate::WorkerError;
use powerhose_wires::Wakeup;
use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells a worker to leave, from any thread.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<Word>);

#[derive(Debug)]
struct Word {
    asked: AtomicBool,
    wakeup: Wakeup,
}

impl Word {
    /// Allocates nothing and takes no lock: a signal handler does it too.
    fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.wakeup.wake();
    }
}

impl StopHandle {
    /// The worker gives back the jobs it has not begun, finishes the one that runs, says goodbye, and
    /// [`run`](crate::Worker::run) returns. Asking again, or after the worker has ended, changes nothing; asking before
    /// `run` makes it return at once.
    pub fn stop(&self) {
        self.0.ask();
    }
}

/// The worker's end of it.
#[derive(Debug)]
pub(crate) struct StopWatch(StopHandle);

impl StopWatch {
    pub(crate) fn new() -> Result<StopWatch, WorkerError> {
        let wakeup = Wakeup::new().map_err(|error| WorkerError::system("make a wake-up", error))?;
        let word = Word { asked: AtomicBool::new(false), wakeup };
        Ok(StopWatch(StopHandle(Arc::new(word))))
    }

    pub(crate) fn handle(&self) -> StopHandle {
        self.0.clone()
    }

    fn word(&self) -> &Word {
        &self.0.0
    }

    /// Whether the worker was told to leave. Costs no system call.
    pub(crate) fn is_asked(&self) -> bool {
        self.word().asked.load(Ordering::SeqCst)
    }

    /// The worker announces that it will sleep, and must then [look](StopWatch::is_asked) once more before it does.
    pub(crate) fn announce_sleep(&self) {
        self.word().wakeup.announce_sleep();
    }

    /// Wakes the worker, if it sleeps.
    pub(crate) fn wake(&self) {
        self.word().wakeup.wake();
    }

    /// The worker is awake: nobody needs to wake it.
    pub(crate) fn awake(&self) {
        self.word().wakeup.awake();
        self.word().wakeup.drain();
    }

    /// SIGTERM and SIGINT leave word until the guard is dropped.
    pub(crate) fn watch_signals(&self) -> Result<SignalGuard, WorkerError> {
        let mut guard = SignalGuard(Vec::new());
        for signal in [SIGTERM, SIGINT] {
            let failed = |error: std::io::Error| WorkerError::system("watch for signals", error);
            let word = self.0.0.clone();
            // SAFETY: what runs in the signal handler is two atomic stores and one write to a descriptor that the word owns.
            let id = unsafe { signal_hook::low_level::register(signal, move || word.ask()) };
            guard.0.push(id.map_err(failed)?);
        }
        Ok(guard)
    }
}

impl AsFd for StopWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.word().wakeup.as_fd()
    }
}

/// Ends the watch for signals when dropped. They are ignored from then on: their default action does not come back.
#[derive(Debug)]
pub(crate) struct SignalGuard(Vec<SigId>);

impl Drop for SignalGuard {
    fn drop(&mut self) {
        for id in self.0.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
