//! Takes a job back whose handle was given away.

use super::JobHandle;
use crate::runner::engine::link::Link;
use crate::runner::engine::slot::{Ended, Slot};
use crate::runner::face::error::{JobError, JobErrorKind};
use std::fmt;
use std::sync::{Arc, Weak};

/// Cancels a job from where its handle is not: one that [calls back](JobHandle::on_end), or is waited for elsewhere. Dropping it does nothing, and it keeps no runner running.
#[derive(Clone)]
pub struct Canceller {
    slot: Arc<Slot>,
    link: Weak<Link>,
    call: u64,
}

impl Canceller {
    pub(super) fn new(handle: &JobHandle) -> Canceller {
        Canceller { slot: handle.slot.clone(), link: Arc::downgrade(&handle.link), call: handle.call }
    }

    /// Takes the job back, as [`JobHandle::cancel`] does. If it calls back, it does so here, before this returns, unless the
    /// job has ended before.
    pub fn cancel(&self) {
        // Without a runner there is no job either.
        if let Some(link) = self.link.upgrade() {
            cancel(&self.slot, &link, self.call);
        }
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("job", &self.slot.id()).finish_non_exhaustive()
    }
}

/// Ends the job as cancelled, unless it has ended, and tells the loop.
pub(super) fn cancel(slot: &Slot, link: &Link, call: u64) {
    let id = slot.id();
    let cancelled = || Err(JobError::new(JobErrorKind::Cancelled, id, true));
    if slot.end(cancelled) == Ended::Now {
        link.abandon(call);
    }
}
