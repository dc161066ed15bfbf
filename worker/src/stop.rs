//! How a worker is told to leave: by a handle, or by a signal. Both only leave word; the worker acts on it when it gets to
//! it.

use crate::WorkerError;
use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells a worker to leave, from any thread.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<Word>);

#[derive(Debug)]
struct Word {
    asked: Arc<AtomicBool>,
    waker: UnixStream,
    /// The other end. It lives as long as the handles do, so that writing never meets a closed one.
    wakened: UnixStream,
}

impl StopHandle {
    /// The worker gives back the jobs it has not begun, finishes the one that runs, says goodbye, and
    /// [`run`](crate::Worker::run) returns. Asking again, or after the worker has ended, changes nothing; asking before
    /// `run` makes it return at once.
    pub fn stop(&self) {
        self.0.asked.store(true, Ordering::Release);
        // A full one holds a wake-up already.
        let _ = (&self.0.waker).write(&[0]);
    }
}

/// The worker's end of it.
#[derive(Debug)]
pub(crate) struct StopWatch(StopHandle);

impl StopWatch {
    pub(crate) fn new() -> Result<StopWatch, WorkerError> {
        let failed = |error: std::io::Error| WorkerError::system("make a pair of sockets", error);
        let (waker, wakened) = UnixStream::pair().map_err(failed)?;
        waker.set_nonblocking(true).map_err(failed)?;
        wakened.set_nonblocking(true).map_err(failed)?;
        let word = Word { asked: Arc::new(AtomicBool::new(false)), waker, wakened };
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
        self.word().asked.load(Ordering::Acquire)
    }

    /// Takes the wake-ups out, so that waiting can begin anew.
    pub(crate) fn drain(&self) {
        let mut buffer = [0; 64];
        while matches!((&self.word().wakened).read(&mut buffer), Ok(1..)) {}
    }

    /// SIGTERM and SIGINT leave word until the guard is dropped.
    pub(crate) fn watch_signals(&self) -> Result<SignalGuard, WorkerError> {
        let mut guard = SignalGuard(Vec::new());
        for signal in [SIGTERM, SIGINT] {
            let failed = |error: std::io::Error| WorkerError::system("watch for signals", error);
            // Actions run in the order of their registration: the word is there before the wake-up.
            let asked = self.word().asked.clone();
            guard.0.push(signal_hook::flag::register(signal, asked).map_err(failed)?);
            let waker = self.word().waker.try_clone().map_err(failed)?;
            guard.0.push(signal_hook::low_level::pipe::register(signal, waker).map_err(failed)?);
        }
        Ok(guard)
    }
}

impl AsFd for StopWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.word().wakened.as_fd()
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
