//! What must hold whenever the master has acted upon all that came.

use super::Reference;
use super::model::{Job, Model, Place, PoolModel};
use super::outcomes::MOURNING;
use super::sessions::{Role, Session};
use crate::verdict::{Check, Verdict};
use powerhose::desk::Desk;
use powerhose_protocol::JobId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Timers are this coarse.
const TICK: Duration = Duration::from_millis(1);
/// The loop comes no later than this unless it is paused, and heartbeats go out in turns of the loop.
const LATENESS: Duration = Duration::from_millis(100);
/// A job may wait behind another so long while a worker is free, until the tick that finds it.
const BALANCE: Duration = Duration::from_millis(3);

impl Reference {
    /// The master has done all that there was to do, and goes to sleep or reads on.
    pub(crate) fn turn_ended(&mut self, now: Instant, desk: &Desk) {
        let (Some(model), verdict) = (&mut self.model, &mut self.verdict) else { return };
        model.jobs_are_in_time(now, desk, verdict);
        model.bounds_hold(verdict);
        model.waiting_peak = model.jobs.values().filter(|job| job.place == Place::Waiting).count();
        model.deserted_is_cancelled(verdict);
        model.turns_were_kept(verdict);
        model.nobody_idles(now, desk, verdict);
        model.nobody_is_crowded(now, verdict);
        model.nobody_is_silent(now, verdict);
        model.all_is_answered(now, verdict);
        model.dropped.clear();
        model.greeting.clear();
        model.hints.clear();
        model.answered.clear();
        model.pools.values_mut().for_each(|pool| pool.left = 0);
        if verdict.first.is_none() {
            desk.check_invariants();
        }
    }
}

impl Model {
    fn jobs_are_in_time(&self, now: Instant, desk: &Desk, verdict: &mut Verdict) {
        let mut earliest = None::<Instant>;
        for (id, job) in &self.jobs {
            verdict.must(Check::InTime, now <= job.deadline + TICK, || {
                format!("{id} ({:?}) has not ended {:?} after its deadline", job.place, now - job.deadline)
            });
            let due = match &job.place {
                Place::Waiting | Place::At(_) => job.deadline + TICK,
                Place::Doomed(since) => job.deadline.min(*since + MOURNING) + TICK,
                Place::Answered(answer) => {
                    verdict.violated(Check::EndsOnce, || {
                        format!("{id} was answered ({answer:?}), nobody is told")
                    });
                    continue;
                }
            };
            verdict.must(Check::InTime, now <= due, || format!("{id} is lost, and nobody is told"));
            earliest = Some(earliest.map_or(due, |earliest| earliest.min(due)));
        }
        let Some(due) = earliest else { return };
        let wakes = desk.poll_timeout();
        verdict.must(Check::WakesUp, wakes.is_some_and(|(when, _)| when <= due), || {
            let wakes = wakes.map(|(when, why)| (when.saturating_duration_since(now), why));
            format!("a job is due in {:?}, the loop wakes in {wakes:?}", due.saturating_duration_since(now))
        });
    }

    fn bounds_hold(&self, verdict: &mut Verdict) {
        let new = |job: &&Job| job.place == Place::Waiting && job.dispatches == 0;
        let settings = &self.facts.settings;
        let (mut count, mut bytes, mut largest) = (0, 0, 0);
        for job in self.jobs.values().filter(new) {
            (count, bytes, largest) = (count + 1, bytes + job.bytes, largest.max(job.bytes));
        }
        verdict.must(Check::Bounds, count <= settings.queue_jobs_max, || format!("{count} jobs wait"));
        let bytes_max = settings.queue_bytes_max.max(largest);
        verdict.must(Check::Bounds, bytes <= bytes_max, || format!("{bytes} bytes wait"));
        let workers = self.sessions.values().filter(|session| session.worker().is_some()).count();
        verdict.must(Check::Bounds, workers <= settings.workers_max, || format!("{workers} workers"));
    }

    /// Every dispatch whose answer no caller waits for was cancelled, and no other.
    fn deserted_is_cancelled(&self, verdict: &mut Verdict) {
        for (number, session) in &self.sessions {
            for attempt in session.worker().iter().flat_map(|worker| &worker.outstanding) {
                let awaited = self.is_awaited(*number, attempt.job, attempt.attempt);
                verdict.must(Check::Cancelled, awaited != attempt.cancelled, || {
                    let words = if awaited { "is cancelled, and somebody waits" } else { "is not cancelled" };
                    format!("{} at {:?} {words}", attempt.job, session.route)
                });
            }
        }
    }

    fn turns_were_kept(&mut self, verdict: &mut Verdict) {
        for (name, pool) in &mut self.pools {
            if let Err((passed_over, early)) = pool.lines.play() {
                verdict.violated(Check::Fair, || {
                    format!("{name}: {early:?} went out, it was the turn of {passed_over:?}")
                });
            }
        }
    }

    /// No job waits while a worker is free; what waits behind a busy worker is recalled soon.
    fn nobody_idles(&mut self, now: Instant, desk: &Desk, verdict: &mut Verdict) {
        let late_until = self.late_until;
        let mut waiting = BTreeMap::<&str, JobId>::new();
        for (id, job) in self.jobs.iter().filter(|(_, job)| job.place == Place::Waiting) {
            waiting.entry(&job.pool).or_insert(*id);
        }
        for (name, pool) in &mut self.pools {
            let free = self.sessions.values().find(|session| session.is_free_for(name, now, late_until));
            if let (Some(id), Some(free)) = (waiting.get(&**name), free) {
                verdict.violated(Check::Idle, || format!("{id} waits, {:?} is free", free.route));
            }
            let behind =
                free.is_some() && !waiting.contains_key(&**name) && waits_behind(&self.sessions, name);
            watch_behind(pool, behind, now, desk, verdict);
        }
    }

    /// A worker that was given a job besides others had no more than any other.
    fn nobody_is_crowded(&mut self, now: Instant, verdict: &mut Verdict) {
        for crowded in std::mem::take(&mut self.crowded) {
            let Some(worker) = self.sessions.get(&crowded).and_then(Session::worker) else { continue };
            let Some(last) = worker.outstanding.last() else { continue };
            let mut same =
                self.sessions.values().filter(|other| other.is_free_for(&last.pool, now, self.late_until));
            if let Some(other) = same.next() {
                verdict.violated(Check::Spread, || {
                    format!(
                        "{} joins {} others, {:?} has none",
                        last.job,
                        worker.outstanding.len() - 1,
                        other.route
                    )
                });
            }
        }
    }

    /// A peer that was silent for too long is given up at the next heartbeat, unless a job excuses it.
    fn nobody_is_silent(&self, now: Instant, verdict: &mut Verdict) {
        let settings = &self.facts.settings;
        let patience = settings.silence_max + settings.heartbeat_interval + LATENESS;
        let registered =
            |session: &&Session| session.over.is_none() && !matches!(session.role, Role::Candidate);
        for session in self.sessions.values().filter(registered) {
            let excused = session.worker().is_some_and(|one| !one.attentive && !one.outstanding.is_empty());
            let heard = session.heard_at.max(self.late_until);
            verdict.must(Check::Silence, excused || heard + patience >= now, || {
                format!("{:?} was last heard {:?} ago", session.route, now - session.heard_at)
            });
        }
    }

    fn all_is_answered(&mut self, now: Instant, verdict: &mut Verdict) {
        let late = self.orders.iter().find(|order| order.due + TICK < now);
        verdict.must(Check::Answered, late.is_none(), || "an order is not answered in time".to_owned());
        let questions = std::mem::take(&mut self.questions);
        // Nothing is told of the end of a peer that never registered.
        let asks = |session: &u64| {
            let session = self.sessions.get(session);
            session.is_some_and(|one| one.over.is_none() && !matches!(one.role, Role::Candidate))
        };
        let open = questions.iter().any(|(session, questions)| *questions > 0 && asks(session));
        verdict.must(Check::Answered, !open, || "a question is not answered".to_owned());
    }
}

/// Whether a job of this pool waits at a worker that could give it back, and none was asked for yet.
fn waits_behind(sessions: &BTreeMap<u64, Session>, pool: &str) -> bool {
    let mut waits = false;
    for session in sessions.values().filter(|session| session.over.is_none()) {
        let Some(worker) = session.worker().filter(|worker| worker.attentive) else { continue };
        for (place, attempt) in worker.outstanding.iter().enumerate() {
            if *attempt.pool != *pool || attempt.cancelled {
                continue;
            }
            if attempt.recalled {
                return false;
            }
            waits |= place > 0;
        }
    }
    waits
}

fn watch_behind(pool: &mut PoolModel, behind: bool, now: Instant, desk: &Desk, verdict: &mut Verdict) {
    if std::mem::take(&mut pool.moved) || !behind {
        pool.behind_since = None;
    }
    if !behind {
        return;
    }
    let since = *pool.behind_since.get_or_insert(now);
    let due = since + BALANCE;
    let wakes = desk.poll_timeout();
    let woken = now < due && wakes.is_some_and(|(when, _)| when <= due);
    verdict.must(Check::Recalled, woken, || {
        let wakes = wakes.map(|(when, why)| (when.saturating_duration_since(now), why));
        format!(
            "since {:?} a job waits behind another while a worker is free; the loop wakes in {wakes:?}",
            now - since
        )
    });
}
