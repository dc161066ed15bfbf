//! What the supervisor's thread shows to its owners: the living processes, why new ones do not start, and whether it has
//! ended.

use super::event::StartFailure;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Written by the thread, read by anybody.
#[derive(Debug, Default)]
pub(super) struct Shared {
    view: Mutex<View>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct View {
    pids: Vec<u32>,
    failing: Option<StartFailure>,
    ended: bool,
}

impl Shared {
    /// Changes the living processes, and tells which there are then. Nobody sees them while it does.
    pub(super) fn change_pids<T>(&self, change: impl FnOnce() -> (Vec<u32>, T)) -> T {
        let mut view = self.view();
        let (pids, changed) = change();
        view.pids = pids;
        changed
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.view().pids.clone()
    }

    pub(super) fn set_failing(&self, failing: Option<StartFailure>) {
        self.view().failing = failing;
    }

    pub(super) fn failing(&self) -> Option<StartFailure> {
        self.view().failing.clone()
    }

    /// The thread does nothing any more.
    pub(super) fn end(&self) {
        self.view().ended = true;
        self.ended.notify_all();
    }

    /// Whether the thread has ended, now or within this time.
    pub(super) fn wait_ended(&self, timeout: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(self.view(), timeout, |view| !view.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// A panic under the lock leaves what was seen before, which is as good.
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
