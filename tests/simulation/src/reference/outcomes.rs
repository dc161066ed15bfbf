//! How the master ends jobs and gives peers up: each end has its reason.

use super::Reference;
use super::model::{Answer, Job, Model, Place};
use super::sessions::{Over, Role, Session, Worker};
use crate::coverage::Counted;
use crate::verdict::Check;
use bytes::Bytes;
use powerhose::GoneCause;
use powerhose::desk::{Ending, LostCause, Notice, Outcome, Rejection, Repeat};
use powerhose_protocol::{JobEnd, JobId, OutcomeEntry};
use std::time::{Duration, Instant};

/// A lost job waits so long for its worker's exit status, and timers are this coarse.
pub(super) const MOURNING: Duration = Duration::from_millis(202);
/// A worker's word that the time is over is taken so much before the deadline.
const EARLY: Duration = Duration::from_millis(10);

/// How the master says that a job ended.
enum Told<'a> {
    Done(&'a Bytes),
    Failed,
    TimedOut,
    LostWithWorker,
    LostWithMaster,
    NoWorkers,
    Overload,
    Refused(&'a str),
}

struct End<'a> {
    told: Told<'a>,
    may_have_run: bool,
    attempts: u64,
}

impl Reference {
    /// A job of a caller in the master's process ended.
    pub(super) fn job_ended(&mut self, now: Instant, id: JobId, outcome: &Outcome) {
        let told = match &outcome.ending {
            Ending::Done { payload, .. } => Told::Done(payload),
            Ending::Failed { .. } => Told::Failed,
            Ending::TimedOut => Told::TimedOut,
            Ending::Lost(LostCause::Master) => Told::LostWithMaster,
            Ending::Lost(_) => Told::LostWithWorker,
            Ending::Rejected(Rejection::NoWorkers { .. }) => Told::NoWorkers,
            Ending::Rejected(Rejection::QueueFull { .. }) => Told::Refused("queue_full"),
            Ending::Rejected(Rejection::PayloadTooLarge { .. }) => Told::Refused("payload_too_large"),
            Ending::Rejected(Rejection::Overload { .. }) => Told::Overload,
            Ending::Rejected(Rejection::Closed) => Told::Refused("closed"),
            Ending::Rejected(_) => Told::Refused(""),
        };
        let attempts = u64::from(outcome.attempts);
        self.judge(now, id, &End { told, may_have_run: outcome.may_have_run, attempts });
    }

    /// A job of another process ended.
    pub(super) fn remote_ended(
        &mut self,
        now: Instant,
        peer: u64,
        entry: &OutcomeEntry<'_>,
        payload: &Bytes,
    ) {
        let told = match entry.end {
            JobEnd::Done => Told::Done(payload),
            JobEnd::Failed => Told::Failed,
            JobEnd::TimedOut => Told::TimedOut,
            JobEnd::Lost if entry.code == "master" => Told::LostWithMaster,
            JobEnd::Lost => Told::LostWithWorker,
            JobEnd::Rejected if entry.code == "no_workers" => Told::NoWorkers,
            JobEnd::Rejected if entry.code == "overload" => Told::Overload,
            JobEnd::Rejected | JobEnd::Cancelled => Told::Refused(entry.code),
        };
        let end = End { told, may_have_run: entry.may_have_run, attempts: entry.attempts };
        self.judge(now, JobId::new(peer, entry.call), &end);
    }

    fn judge(&mut self, now: Instant, id: JobId, end: &End<'_>) {
        let (Some(model), verdict) = (&mut self.model, &mut self.verdict) else { return };
        let Some(job) = model.jobs.remove(&id) else {
            // What is refused for its timeout or number is never taken in.
            let refused = matches!(end.told, Told::Refused(_) | Told::Overload);
            if refused {
                model.pools.values_mut().for_each(|pool| pool.lines.refused(id));
            }
            let refused = refused || model.dropped.contains(&id);
            return verdict.must(Check::EndsOnce, refused, || format!("{id} ends, and is not there"));
        };
        if let Some(pool) = model.pools.get_mut(&job.pool) {
            pool.left += 1;
        }
        if let Err(reason) = model.has_reason(now, &job, end) {
            verdict.violated(Check::Justified, || format!("{id} ({:?}): {reason}", job.place));
        }
        let spent = job.dispatches - job.returned;
        verdict.must(Check::Justified, end.attempts == spent, || {
            format!("{id} ends after {} attempts, there were {spent}", end.attempts)
        });
        verdict.must(Check::MayHaveRun, job.dispatches > 0 || !end.may_have_run, || {
            format!("{id} was never dispatched, and may have run")
        });
        let lines = &mut model.pools.entry(job.pool.clone()).or_default().lines;
        match end.told {
            Told::Refused(_) => lines.refused(id),
            _ if job.dispatches == 0 => lines.dropped(job.client, id),
            _ => {}
        }
    }

    pub(super) fn noticed(&mut self, now: Instant, notice: &Notice) {
        match notice {
            Notice::WorkerGone { worker, cause, job, .. } => self.worker_gone(now, *worker, *cause, *job),
            Notice::ClientGone { client, cause } => {
                self.count(Counted::StepClientGone);
                self.client_gone(now, *client, *cause);
            }
            Notice::ClientConnected { client } => self.is_client(*client),
            Notice::WorkerOverdue { .. } => self.count(Counted::StepOverdue),
            Notice::WorkerBack { .. } => self.count(Counted::StepBack),
            _ => {}
        }
    }

    fn is_client(&mut self, peer: u64) {
        let sessions = self.model.iter_mut().flat_map(|model| model.sessions.values_mut());
        for session in sessions.filter(|session| session.peer == peer) {
            session.role = Role::Client;
        }
    }

    fn worker_gone(&mut self, now: Instant, peer: u64, cause: GoneCause, running: Option<JobId>) {
        self.count(match cause {
            GoneCause::Goodbye => Counted::StepGoneGoodbye,
            GoneCause::Disconnected => Counted::StepGoneDisconnected,
            GoneCause::Silent => Counted::StepGoneSilent,
            GoneCause::Renewed => Counted::StepGoneRenewed,
            GoneCause::CutOff => Counted::StepGoneCutOff,
            _ => Counted::StepGoneExited,
        });
        let Some(session) = self.gone(now, peer, cause) else { return };
        let Some(worker) = session.1.worker() else { return };
        let first = worker.outstanding.first().map(|attempt| attempt.job);
        self.verdict.must(Check::ChargedRight, first == running, || {
            format!("worker {peer} ran {first:?}, the notice says {running:?}")
        });
        self.give_back(now, session.0, worker, cause);
    }

    /// A dead worker's jobs go on elsewhere or are doomed.
    fn give_back(&mut self, now: Instant, session: u64, worker: &Worker, cause: GoneCause) {
        let (Some(model), coverage) = (&mut self.model, &mut self.coverage) else { return };
        for (place, attempt) in worker.outstanding.iter().enumerate() {
            if !model.is_awaited(session, attempt.job, attempt.attempt) {
                // It may have waited between its worker's end and the word of its caller in the same turn.
                model.waiting_peak += usize::from(model.dropped.contains(&attempt.job));
                continue;
            }
            model.waiting_peak += 1;
            let job = model.jobs.get_mut(&attempt.job).expect("it is awaited");
            if cause == GoneCause::Goodbye {
                job.come_back(now);
            } else if place > 0 {
                job.place = Place::Waiting;
                coverage.count(Counted::StepUncharged);
            } else {
                job.charge(now);
                coverage.count(Counted::StepCharged);
            }
        }
    }

    fn client_gone(&mut self, now: Instant, peer: u64, cause: GoneCause) {
        self.gone(now, peer, cause);
        let Some(model) = &mut self.model else { return };
        let theirs = model.jobs.iter().filter(|(_, job)| job.client == peer).map(|(id, _)| *id);
        theirs.collect::<Vec<_>>().into_iter().for_each(|id| model.drop_job(id));
    }

    /// The master gives a peer up: is there a reason?
    fn gone(&mut self, now: Instant, peer: u64, cause: GoneCause) -> Option<(u64, Session)> {
        let model = self.model.as_mut()?;
        let number =
            model.sessions.iter().find(|(_, session)| session.peer == peer).map(|(number, _)| *number);
        let Some(number) = number else {
            self.verdict
                .violated(Check::GoneForAReason, || format!("peer {peer} is gone, and was not there"));
            return None;
        };
        let session = model.forget(number)?;
        let silent_max = model.facts.settings.silence_max;
        let justified = match cause {
            GoneCause::Goodbye => session.over == Some(Over::Goodbye),
            GoneCause::Renewed => model.hellos.get(&session.route).is_some_and(|hellos| *hellos > 1),
            GoneCause::Disconnected => model.ended.contains(&session.route),
            GoneCause::Silent => session.heard_at.max(model.deaf_until) + silent_max < now,
            GoneCause::CutOff => !model.standings.get(&session.route).is_some_and(|one| one.honest),
            _ => session.worker().is_some_and(|worker| model.exited.contains(&worker.pid)),
        };
        self.verdict.must(Check::GoneForAReason, justified, || {
            format!("peer {peer} is gone: {cause:?}; last heard {:?} ago", now - session.heard_at)
        });
        Some((number, session))
    }
}

impl Model {
    fn has_reason(&self, now: Instant, job: &Job, end: &End<'_>) -> Result<(), &'static str> {
        let settings = &self.facts.settings;
        let reason = match &end.told {
            Told::Done(payload) => (
                matches!(&job.place, Place::Answered(Answer::Done(reply)) if reply == *payload),
                "done without this reply",
            ),
            Told::Failed => (job.place == Place::Answered(Answer::Failed), "failed without an error"),
            Told::TimedOut if job.place == Place::Answered(Answer::Expired) => {
                (job.deadline <= now + EARLY, "expired before its time")
            }
            Told::TimedOut => (job.deadline <= now, "timed out before its time"),
            Told::LostWithWorker => (matches!(job.place, Place::Doomed(_)), "lost, and could be tried again"),
            Told::LostWithMaster => (self.closing, "lost with a master that lives"),
            Told::NoWorkers => (
                job.accepted + settings.unknown_pool_wait <= now
                    && (!self.pools.get(&job.pool).is_some_and(|pool| pool.known)
                        || self.may_be_forgotten(&job.pool)),
                "no workers, yet they are there or might come",
            ),
            Told::Overload => (self.is_hopeless(now, job), "refused as hopeless, and there was hope"),
            Told::Refused("queue_full") => (self.waiting_peak > settings.queue_jobs_max, "there is room"),
            Told::Refused("closed") => (self.closing, "the master is open"),
            Told::Refused("payload_too_large") => {
                (job.payload.len() > settings.payload_bytes_max, "the payload is not too large")
            }
            Told::Refused(_) => (job.accepted == now && job.dispatches == 0, "refused after it was taken in"),
        };
        if reason.0 { Ok(()) } else { Err(reason.1) }
    }

    /// Whether a pool that a worker offered once may have made room for another.
    fn may_be_forgotten(&self, name: &str) -> bool {
        let settings = &self.facts.settings;
        let declared = settings.pools.iter().any(|(declared, _)| declared == name);
        let workers = self.sessions.values().filter_map(Session::worker);
        let offered = workers.flat_map(|worker| &worker.pools).any(|(offered, _)| &**offered == name);
        !declared && !offered && self.pools.len() > settings.pools_max
    }

    /// Whether a job that waits could be thought to begin too late: it would if one worker had to run all jobs of its
    /// pool, those that nobody waits for and those of this turn included, and each took as long as the longest so far.
    fn is_hopeless(&self, now: Instant, job: &Job) -> bool {
        let Some(pool) = self.pools.get(&job.pool) else { return false };
        let waiting = self.jobs.values().filter(|other| other.pool == job.pool).count();
        let workers = self.sessions.values().filter_map(Session::worker);
        let attempts = workers.flat_map(|worker| &worker.outstanding);
        let running = attempts.filter(|attempt| attempt.pool == job.pool).count();
        // Those that have ended in this turn were there when it was judged.
        let others = (waiting + running + self.answered.len() + pool.left) as u32;
        // Of those that one client has waiting, the last goes first.
        let later = |other: &Job| {
            other.pool == job.pool
                && other.client == job.client
                && other.dispatches == 0
                && other.accepted < now
        };
        let passed_over = self.jobs.values().any(|other| later(other) && other.accepted > job.accepted);
        job.dispatches == 0
            && (job.accepted == now || !passed_over)
            && pool.run_count >= 8
            && pool.longest_run.saturating_mul(others) > job.deadline.saturating_duration_since(now)
    }
}

impl Job {
    /// A death is charged to it: it is tried again alone, or doomed.
    fn charge(&mut self, now: Instant) {
        self.charged += 1;
        self.place = if self.repeat == Repeat::Allowed && self.charged < self.attempts_max {
            Place::Waiting
        } else {
            Place::Doomed(now)
        };
    }
}
