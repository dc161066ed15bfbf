//! Which jobs a client takes: what the master would refuse for its form is refused here, before it is sent.

use super::{ClientMachine, Lifecycle};
use crate::common::{Rejection, Submission};
use powerhose_protocol::limits::{DURATION_MS_MAX, is_pool_name};
use powerhose_protocol::session::Terms;
use std::time::Duration;

impl ClientMachine {
    pub(super) fn admit(&self, submission: &Submission) -> Result<(), Rejection> {
        match &self.lifecycle {
            Lifecycle::Open => {}
            Lifecycle::Refused(refusal) => return Err(refusal.rejection()),
            Lifecycle::Closing | Lifecycle::Closed => return Err(Rejection::Closed),
        }
        check_form(submission)?;
        if let Some(terms) = self.peer.terms() {
            check_size(submission, terms)?;
        }
        self.check_room(submission.payload.len())
    }

    fn check_room(&self, bytes: usize) -> Result<(), Rejection> {
        let (settings, calls) = (&self.settings, &self.calls);
        if calls.unsent() >= settings.queue_jobs_max {
            return Err(Rejection::QueueFull { jobs_max: settings.queue_jobs_max as u64 });
        }
        // One job always fits, however large it is.
        if calls.unsent() > 0 && calls.unsent_bytes() + bytes > settings.queue_bytes_max {
            return Err(Rejection::QueueBytesFull { bytes_max: settings.queue_bytes_max as u64 });
        }
        Ok(())
    }
}

fn check_form(submission: &Submission) -> Result<(), Rejection> {
    if !is_pool_name(&submission.pool) {
        return Err(Rejection::BadPool { pool: (&*submission.pool).into() });
    }
    if let Some(reason) = submission.headers.over_bound() {
        return Err(Rejection::BadHeaders { reason: reason.into() });
    }
    let longest = Duration::from_millis(DURATION_MS_MAX);
    if submission.timeout.is_some_and(|timeout| timeout.is_zero() || timeout > longest) {
        return Err(Rejection::BadCall { reason: "a timeout is above 0 and at most 365 days".into() });
    }
    Ok(())
}

/// A larger message would end the connection, and with it all other jobs.
pub(super) fn check_size(submission: &Submission, terms: &Terms) -> Result<(), Rejection> {
    let (bytes, bytes_max) = (submission.payload.len() as u64, terms.payload_bytes_max);
    if bytes > bytes_max { Err(Rejection::PayloadTooLarge { bytes, bytes_max }) } else { Ok(()) }
}
