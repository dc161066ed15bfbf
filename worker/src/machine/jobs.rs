//! Jobs from JOBS to the handler's end: the queue, and the one job that runs. A job of another session than the present
//! one is never begun.

use super::pools::{Grace, Pools};
use super::{Action, Machine, Outcome, Overrun, Payload, State, Work};
use powerhose_protocol::limits::DURATION_MS_MAX;
use powerhose_protocol::{END_WITHIN_HEADER, FLAG_ONCE, JobAttempt, JobEntry, JobId, Jobs, WorkerEnd};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the job thread is doing.
#[derive(Debug)]
pub(super) enum Handler {
    Idle,
    Running(Running),
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) session: u64,
    pub(super) job: JobId,
    pub(super) attempt: u64,
    pool: Arc<str>,
    since: Instant,
    pub(super) interest: Interest,
    grace: Grace,
    pub(super) watch: Watch,
}

/// Whether anybody waits for the running job.
#[derive(Debug, PartialEq)]
pub(super) enum Interest {
    Awaited,
    Cancelled,
}

/// Whether the running job is still watched.
#[derive(Debug)]
pub(super) enum Watch {
    Until(Instant),
    Reported,
}

impl<P: Payload> Machine<P> {
    /// Whether no handler runs and no job waits for one.
    pub fn is_idle(&self) -> bool {
        !self.is_running() && self.queue.is_empty()
    }

    /// Whether a handler runs.
    pub fn is_running(&self) -> bool {
        matches!(self.handler, Handler::Running(_))
    }

    /// Whether a job waits to be run, and none runs.
    pub fn has_next(&self) -> bool {
        !self.is_running() && !self.queue.is_empty()
    }

    /// Whether jobs are here that go back to the master if the one before them takes long: then time must be let pass more
    /// often while a handler runs, as [`poll_timeout`](Machine::poll_timeout) says.
    pub fn has_stock(&self) -> bool {
        self.queue.iter().any(|work| work.wait_max(&self.pools).is_some())
    }

    /// The job to run now, if there is one. Its handler is to be called, and [`finish`](Machine::finish) after it; until
    /// then there is no next job. A job whose time is over is answered here instead of begun.
    pub fn next_job(&mut self, now: Instant) -> Option<Work<P>> {
        if self.is_running() {
            return None;
        }
        let session = self.session()?.session;
        let mut expired = Vec::new();
        let next = loop {
            match self.queue.pop_front() {
                Some(work) if work.deadline <= now => expired.push(work.attempt_of_job()),
                next => break next,
            }
        };
        self.answer_unbegun(&expired, WorkerEnd::Expired);
        let work = next?;
        let grace = work.grace().unwrap_or_else(|| self.pools.grace(&work.pool));
        self.handler = Handler::Running(Running {
            session,
            job: work.job,
            attempt: work.attempt,
            pool: work.pool.clone(),
            since: now,
            interest: Interest::Awaited,
            grace,
            watch: Watch::Until(work.deadline + grace.overrun),
        });
        tracing::trace!(job = %work.job, attempt = work.attempt, pool = &*work.pool, "begins");
        Some(work)
    }

    /// The handler of the job from [`next_job`](Machine::next_job) has ended after `run`.
    ///
    /// # Panics
    /// No job was running: a mistake of the shell that drives the machine.
    pub fn finish(&mut self, outcome: Outcome<P>, run: Duration) {
        let Handler::Running(running) = mem::replace(&mut self.handler, Handler::Idle) else {
            panic!("finish without a job from next_job");
        };
        let (job, attempt) = (running.job, running.attempt);
        if self.session().is_some_and(|terms| terms.session == running.session) {
            self.answer(&running, outcome, run);
        } else {
            tracing::debug!(%job, attempt, "dropped the reply to a job of a session that is over");
        }
        // Whatever session the job was of, nothing runs now.
        self.depart_if_free();
    }

    /// Jobs came in a message of the present session.
    pub(super) fn given(&mut self, now: Instant, jobs: Jobs<'_>, payloads: &mut Vec<P>) {
        let lateness = self.peer.lateness(now, jobs.sent_ms);
        if self.session().is_some_and(|terms| lateness > terms.silence) {
            tracing::debug!(
                ?lateness,
                "dropped jobs that lay in buffers: the master has given this session up"
            );
            self.peer.begin_again(now);
            return self.session_over();
        }
        let mut returned = Vec::new();
        for (entry, payload) in jobs.jobs.into_iter().zip(payloads.drain(..)) {
            match self.pools.find(entry.pool) {
                Some(pool) if self.has_room() => {
                    self.queue.push_back(queued(now, &entry, pool, payload, lateness))
                }
                _ => returned.push(JobAttempt { job: entry.job, attempt: entry.attempt }),
            }
        }
        self.answer_unbegun(&returned, WorkerEnd::Returned);
    }

    /// Whether the worker takes a job now. It never holds more than it offered to take.
    fn has_room(&self) -> bool {
        let begun = match &self.handler {
            Handler::Idle => 0,
            Handler::Running(_) => 1,
        };
        matches!(self.state, State::Ready) && self.queue.len() + begun < self.pools.credit_sum()
    }

    /// Nobody waits for these any longer.
    pub(super) fn cancelled(&mut self, now: Instant, jobs: &[JobAttempt]) {
        let taken = self.take_queued(jobs);
        self.answer_unbegun(&taken, WorkerEnd::Cancelled);
        if let (Some(terms), Handler::Running(running)) = (self.session(), &self.handler)
            && running.session == terms.session
            && jobs.contains(&JobAttempt { job: running.job, attempt: running.attempt })
        {
            self.cancel_running();
            self.hasten_watch(now);
        }
    }

    /// Nobody waits for the running job, and somebody has asked that it does not go on for long then.
    fn hasten_watch(&mut self, now: Instant) {
        if let Handler::Running(Running { grace, watch: Watch::Until(limit), .. }) = &mut self.handler
            && let Some(within) = grace.cancel
        {
            *limit = (now + within).min(*limit);
        }
    }

    /// The master wants those back that have not begun.
    pub(super) fn recalled(&mut self, jobs: &[JobAttempt]) {
        let taken = self.take_queued(jobs);
        self.answer_unbegun(&taken, WorkerEnd::Returned);
    }

    /// Gives back everything that has not begun.
    pub(super) fn return_queued(&mut self) {
        let taken: Vec<JobAttempt> = self.queue.drain(..).map(|work| work.attempt_of_job()).collect();
        self.answer_unbegun(&taken, WorkerEnd::Returned);
    }

    /// When the first of the jobs that wait behind the running one goes back to the master.
    pub(super) fn stock_due(&self) -> Option<Instant> {
        let (running, begins) = self.stock()?;
        let wait = self.queue.iter().skip(begins).filter_map(|work| work.wait_max(&self.pools)).min()?;
        Some(running.since + wait)
    }

    /// The running job takes long: what waits behind it is free to go to another worker. The last goes back first, as
    /// each is put before those that came back earlier.
    pub(super) fn give_back_stock(&mut self, now: Instant) {
        if self.stock_due().is_none_or(|due| due > now) {
            return;
        }
        let Some((running, begins)) = self.stock() else { return };
        let since = running.since;
        let stock = self.queue.split_off(begins.min(self.queue.len()));
        let is_due = |work: &Work<P>| work.wait_max(&self.pools).is_some_and(|wait| since + wait <= now);
        let (back, stays): (Vec<_>, Vec<_>) = stock.into_iter().partition(is_due);
        self.queue.extend(stays);
        let back: Vec<JobAttempt> = back.iter().rev().map(Work::attempt_of_job).collect();
        self.answer_unbegun(&back, WorkerEnd::Returned);
    }

    /// The running job, and the index of the first queued job that the master counts as waiting: 0, or 1 if the running job
    /// is of an earlier session, because the master then counts the first of the queue as running.
    fn stock(&self) -> Option<(&Running, usize)> {
        let (State::Ready, Handler::Running(running)) = (&self.state, &self.handler) else { return None };
        Some((running, usize::from(running.session != self.session()?.session)))
    }

    /// Tells the running handler, once, that nobody waits for its job.
    pub(super) fn cancel_running(&mut self) {
        if let Handler::Running(running) = &mut self.handler
            && running.interest == Interest::Awaited
        {
            running.interest = Interest::Cancelled;
            self.actions.push_back(Action::CancelRunning);
        }
    }

    /// The process stood still for so long: the handler had not this time.
    pub(super) fn extend_watch(&mut self, standstill: Duration) {
        if let Handler::Running(Running { watch: Watch::Until(limit), .. }) = &mut self.handler {
            *limit += standstill;
        }
    }

    /// The running job is past its deadline and the grace.
    pub(super) fn report_overrun(&mut self, now: Instant) {
        if let Handler::Running(running) = &mut self.handler
            && let Watch::Until(limit) = running.watch
            && limit <= now
        {
            running.watch = Watch::Reported;
            self.actions.push_back(Action::Overrun {
                job: running.job,
                attempt: running.attempt,
                pool: running.pool.clone(),
                running_for: now.saturating_duration_since(running.since),
                overrun: if running.grace.cancel.is_some() { Overrun::Unwanted } else { Overrun::Hang },
            });
        }
    }

    fn take_queued(&mut self, jobs: &[JobAttempt]) -> Vec<JobAttempt> {
        if self.queue.is_empty() {
            return Vec::new();
        }
        let mut taken = Vec::new();
        self.queue.retain(|work| {
            let named = jobs.contains(&work.attempt_of_job());
            if named {
                taken.push(work.attempt_of_job());
            }
            !named
        });
        taken
    }
}

impl<P> Work<P> {
    /// What the job itself asks for.
    fn grace(&self) -> Option<Grace> {
        let (_, within) = self.headers.iter().find(|(name, _)| name == END_WITHIN_HEADER)?;
        let milliseconds: u64 = std::str::from_utf8(within).ok()?.parse().ok()?;
        Some(Grace::asked_for(Duration::from_millis(milliseconds.min(DURATION_MS_MAX))))
    }

    /// How long it may wait behind a job that runs. One that must not run twice is never given back: that would be its end.
    fn wait_max(&self, pools: &Pools) -> Option<Duration> {
        if self.flags & FLAG_ONCE == 0 { pools.stock_wait(&self.pool) } else { None }
    }

    fn attempt_of_job(&self) -> JobAttempt {
        JobAttempt { job: self.job, attempt: self.attempt }
    }
}

/// What it lay in buffers is taken off the time that remains.
fn queued<P>(now: Instant, entry: &JobEntry<'_>, pool: Arc<str>, payload: P, lateness: Duration) -> Work<P> {
    let remaining = Duration::from_millis(entry.remaining_ms).saturating_sub(lateness);
    Work {
        job: entry.job,
        attempt: entry.attempt,
        pool,
        deadline: now + remaining,
        flags: entry.flags,
        headers: entry.headers.0.iter().map(|(name, value)| ((*name).to_owned(), value.0.to_vec())).collect(),
        payload,
    }
}
