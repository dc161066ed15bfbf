//! A thread that looks at the master every second, also while no browser has the page open.

use super::history::History;
use crossbeam_channel::{RecvTimeoutError, Sender};
use powerhose::JobRunner;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often it looks.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// Looks until it is dropped.
pub(super) struct Sampler {
    history: Arc<Mutex<History>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    pub(super) fn start(runner: JobRunner) -> io::Result<Sampler> {
        let history = Arc::new(Mutex::new(History::default()));
        let (stop, stopped) = crossbeam_channel::bounded(0);
        let filled = history.clone();
        let thread = thread::Builder::new().name("powerhose-sampler".to_owned()).spawn(move || {
            let mut next = Instant::now();
            while stopped.recv_deadline(next) == Err(RecvTimeoutError::Timeout) {
                // A master that is gone has no more history.
                let Ok(stats) = runner.stats() else { break };
                filled.lock().unwrap_or_else(PoisonError::into_inner).take(stats);
                next = (next + INTERVAL).max(Instant::now());
            }
        })?;
        Ok(Sampler { history, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn history(&self) -> Arc<Mutex<History>> {
        self.history.clone()
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}
