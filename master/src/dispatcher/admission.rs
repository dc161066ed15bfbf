//! How a job comes in, and how its caller leaves again.

use super::fleet::TooManyPools;
use super::keys::{JobKey, PeerKey, PoolKey};
use super::queue::{Job, Lane, Place};
use super::{Dispatcher, Timer};
use crate::common::{Clock, Ending, Outcome, Rejection, Submission, WAIT_MAX};
use powerhose_protocol::limits::is_pool_name;
use powerhose_protocol::{CALL_MAX, JobId};
use std::time::Duration;
use tracing::field::Empty;
use tracing::{debug, debug_span, trace};

impl Dispatcher {
    /// A caller in this process submits a job.
    pub(crate) fn submit_here(&mut self, call: u64, submission: Submission) {
        self.submit(self.fleet.here(), call, submission);
    }

    /// A caller in this process no longer waits.
    pub(crate) fn abandon_here(&mut self, call: u64) {
        self.abandon(self.fleet.here(), call);
    }

    /// Whether a client has a call of this number that has not ended.
    pub(crate) fn has_call(&self, client: PeerKey, call: u64) -> bool {
        self.fleet.call(client, call).is_some()
    }

    /// Takes a job in, or refuses it at once.
    pub(crate) fn submit(&mut self, client: PeerKey, call: u64, submission: Submission) {
        match self.accept(client, call, submission) {
            Ok(job) => self.wait_in_queue(job, Lane::Client),
            Err(rejection) => self.refuse(client, call, rejection),
        }
    }

    fn accept(&mut self, client: PeerKey, call: u64, job: Submission) -> Result<JobKey, Rejection> {
        let timeout = job.timeout.unwrap_or(self.settings.timeout);
        let pool = self.check_and_find_pool(call, &job, timeout)?;
        // Whoever waits for a worker as long as it has to, has no deadline before.
        let (wait_max, from_dispatch) = match job.clock {
            Clock::FromSubmission => (timeout, None),
            Clock::FromDispatch => (WAIT_MAX, Some(timeout)),
        };
        if self.queue.waiting_in(pool) > 0 {
            self.check_pace(pool, client, wait_max)?;
        }
        let id = JobId::new(self.fleet.number(client), call);
        let accepted = self.clock.moment();
        let deadline = accepted.after(wait_max);
        let span = debug_span!("job", %id, pool = &*job.pool, attempt = Empty, worker = Empty);
        let timers = &mut self.timers;
        let key = self.queue.insert(|key| Job {
            id,
            client,
            pool,
            payload: job.payload,
            headers: job.headers,
            repeat: job.repeat,
            accepted,
            deadline,
            deadline_timer: timers.set_at(deadline.milliseconds_up(), Timer::Deadline(key)),
            from_dispatch,
            attempts_max: job.attempts_max.unwrap_or(self.settings.attempts_max).max(1),
            attempt: 0,
            returned: 0,
            charged: 0,
            may_have_run: false,
            last_dispatch: None,
            place: Place::Waiting { lane: Lane::Client, previous: None, next: None },
            span: (!span.is_disabled()).then(|| Box::new(span)),
        });
        if !self.fleet.pool(pool).is_known() {
            let wait = self.settings.unknown_pool_wait.min(WAIT_MAX);
            self.timers.set(self.clock.now() + wait, Timer::UnknownPool(key));
        }
        self.fleet.add_call(client, call, key);
        self.fleet.add_job(pool);
        self.stats.accepted += 1;
        trace!(parent: self.queue[key].span(), "accepted");
        Ok(key)
    }

    fn check_and_find_pool(
        &mut self,
        call: u64,
        job: &Submission,
        timeout: Duration,
    ) -> Result<PoolKey, Rejection> {
        let known = self.fleet.find_pool_again(&job.pool);
        self.check(call, job, timeout, known)?;
        let too_many = |TooManyPools { pools_max }| Rejection::PoolsMax { pools_max: pools_max as u64 };
        match known {
            Some(pool) => Ok(pool),
            None => self.fleet.find_or_make_pool(&job.pool).map_err(too_many),
        }
    }

    fn check(
        &self,
        call: u64,
        job: &Submission,
        timeout: Duration,
        known: Option<PoolKey>,
    ) -> Result<(), Rejection> {
        let settings = &self.settings;
        if !self.lifecycle.is_open() {
            return Err(Rejection::Closed);
        }
        if known.is_none() && !is_pool_name(&job.pool) {
            return Err(Rejection::BadPool { pool: (&*job.pool).into() });
        }
        if job.payload.len() > settings.payload_bytes_max {
            let bytes_max = settings.payload_bytes_max as u64;
            return Err(Rejection::PayloadTooLarge { bytes: job.payload.len() as u64, bytes_max });
        }
        if let Some(reason) = job.headers.over_bound() {
            return Err(Rejection::BadHeaders { reason: reason.into() });
        }
        if timeout.is_zero() || timeout > WAIT_MAX {
            return Err(Rejection::BadCall { reason: "a timeout is above 0 and at most 365 days".into() });
        }
        if call == 0 || call > CALL_MAX {
            return Err(Rejection::BadCall { reason: "a call is a number from 1 to 2^40 - 1".into() });
        }
        self.queue.check_room(job.payload.len() + job.headers.byte_count(), settings)
    }

    fn refuse(&mut self, client: PeerKey, call: u64, rejection: Rejection) {
        debug!(job = %JobId::new(self.fleet.number(client), call), ?rejection, "rejected");
        let outcome = Outcome {
            ending: Ending::Rejected(rejection),
            may_have_run: false,
            attempts: 0,
            worker: None,
            wait: Duration::ZERO,
            run: Duration::ZERO,
        };
        self.deliver(client, call, outcome);
    }

    /// A caller no longer waits: nothing will be delivered.
    pub(crate) fn abandon(&mut self, client: PeerKey, call: u64) {
        if let Some(key) = self.fleet.call(client, call) {
            self.drop_job(key);
        }
    }
}
