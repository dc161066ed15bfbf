//! The keeper: a thread that stands in at the socket while a handler runs. It sends due heartbeats, reads what comes, and
//! is the watchdog's eye. While no handler runs it touches nothing.

use super::Shared;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks: the longest that a CANCEL, a signal or a due heartbeat waits for a running handler.
const TICK: Duration = Duration::from_millis(50);

pub(super) fn keep(shared: &Shared<'_>) {
    while !shared.ended.load(Ordering::Acquire) {
        thread::park_timeout(TICK);
        if !shared.running.load(Ordering::Acquire) {
            continue;
        }
        let mut io = shared.lock();
        // The handler may have ended while this thread waited for the lock.
        if !shared.running.load(Ordering::Acquire) {
            continue;
        }
        let now = Instant::now();
        if let Err(error) = io.turn(now).and_then(|()| io.look(now).map(drop)).and_then(|()| io.act(now)) {
            // The job thread will meet it too, and end the worker with it.
            tracing::debug!(%error, "while a handler runs");
        }
    }
}
