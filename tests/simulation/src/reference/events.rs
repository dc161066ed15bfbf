//! What goes into the master, in the order in which it is handed in.

use super::model::{Answer, Job, Order, Place};
use super::sessions::{Attempt, Over, Role, Worker};
use super::{Caller, Model, Reference};
use crate::coverage::Counted;
use bytes::Bytes;
use powerhose::desk::{Desk, Repeat, Route, Submission};
use powerhose_protocol::{
    Control, Execute, FLAG_ONCE, JobId, Message, Register, Replies, ReplyEntry, WorkerEnd, decode,
};
use std::time::{Duration, Instant};

/// A worker's word that the time is over is taken so much before the deadline.
const EXPIRY_TOLERANCE: Duration = Duration::from_millis(10);

impl Reference {
    /// A caller in the master's process submits a job.
    pub(crate) fn submitted(&mut self, now: Instant, number: u64, submission: &Submission) {
        let Some(model) = &mut self.model else { return };
        let timeout = submission.timeout.unwrap_or(model.facts.settings.timeout);
        if timeout.is_zero() {
            return;
        }
        let bytes = submission.payload.len() + byte_count(submission);
        let job = Job {
            call: Some(number),
            client: 0,
            pool: (&*submission.pool).into(),
            payload: submission.payload.clone(),
            bytes,
            repeat: submission.repeat,
            attempts_max: submission.attempts_max.unwrap_or(model.facts.settings.attempts_max).max(1),
            accepted: now,
            deadline: now + timeout,
            dispatches: 0,
            returned: 0,
            charged: 0,
            place: Place::Waiting,
        };
        model.add(JobId::new(0, number), job);
    }

    /// A caller in the master's process gives up.
    pub(crate) fn abandoned(&mut self, number: u64) {
        let Some(model) = &mut self.model else { return };
        if let Some(job) = model.jobs.get(&JobId::new(0, number)) {
            let counted = match job.place {
                Place::At(_) => Counted::StepAbandonedRunning,
                Place::Waiting | Place::Doomed(_) | Place::Answered(_) => Counted::StepAbandonedWaiting,
            };
            self.coverage.count(counted);
        }
        model.drop_job(JobId::new(0, number));
    }

    /// A hint is handed in.
    pub(crate) fn suspected(&mut self, now: Instant, route: Route) {
        let Some(model) = &mut self.model else { return };
        if model.greeting.contains(&route) {
            model.hints.insert(route, now);
        }
        if let Some(session) = model.session_mut(route) {
            session.suspected_at = Some(now);
            session.cleared = false;
        }
    }

    /// The supervisor's word about a process is handed in.
    pub(crate) fn exited(&mut self, pid: u32) {
        if let Some(model) = &mut self.model {
            model.exited.insert(pid);
        }
    }

    pub(crate) fn closing(&mut self) {
        if let Some(model) = &mut self.model {
            model.closing = true;
        }
    }

    /// A message is handed in.
    pub(crate) fn received(&mut self, now: Instant, route: Route, header: &[u8], payloads: &[Bytes]) {
        let Ok(message) = decode(header, payloads.len()) else { return };
        let Some(model) = &mut self.model else { return };
        if let Message::Hello(_) | Message::Proof(_) = &message {
            model.greeting.insert(route);
        }
        if let Message::Hello(_) = &message {
            *model.hellos.entry(route).or_default() += 1;
            model.last_hellos.insert(route, header.to_vec());
            let number = model.session_on(route);
            if let Some(session) = model.session_mut(route) {
                match number.filter(|_| session.hello.as_deref() == Some(header)) {
                    Some(number) => *model.welcomes_again.entry(number).or_default() += 1,
                    None => drop(session.over.get_or_insert(Over::Renewed)),
                }
                self.coverage.count(Counted::StepHelloAgain);
            }
            return;
        }
        let present = model.session_on(route);
        let Some(number) = message.session() else { return };
        let live = present == Some(number) && model.sessions.get(&number).is_some_and(|s| s.over.is_none());
        if !live {
            return self.count(Counted::StepForeign);
        }
        let session = model.sessions.get_mut(&number).expect("it is live");
        session.heard_at = now;
        session.hello = None;
        match &message {
            Message::Heartbeat(heartbeat) => session.cleared |= heartbeat.acknowledged > 0,
            Message::Bye(_) => {
                session.over = Some(Over::Goodbye);
            }
            Message::Register(register) => model.registering(number, register),
            Message::Replies(replies) => self.replied(now, number, replies, payloads),
            Message::Execute(execute) => self.executed(now, number, execute, payloads),
            Message::Abandon(abandon) => {
                let peer = session.peer;
                abandon.calls.iter().for_each(|call| model.drop_job(JobId::new(peer, *call)));
            }
            Message::Control(control) => model.ordered(now, number, control),
            Message::Status(_) => *model.questions.entry(number).or_default() += 1,
            _ => {}
        }
    }

    fn executed(&mut self, now: Instant, session: u64, execute: &Execute<'_>, payloads: &[Bytes]) {
        let Some(model) = &mut self.model else { return };
        let (peer, route) = (model.sessions[&session].peer, model.sessions[&session].route);
        if !matches!(model.sessions[&session].role, Role::Client) {
            return;
        }
        let process = model.standings.get(&route).filter(|one| one.honest).map(|standing| standing.process);
        for (entry, payload) in execute.calls.iter().zip(payloads) {
            let id = JobId::new(peer, entry.call);
            let own = process.and_then(|process| {
                let call = self.calls.get(entry.call.checked_sub(1)? as usize)?;
                (call.caller == Caller::Client(process)).then_some(entry.call)
            });
            let headers: usize = entry.headers.0.iter().map(|(name, value)| name.len() + value.0.len()).sum();
            let attempts = entry.attempts_max.map(|attempts| u32::try_from(attempts).unwrap_or(u32::MAX));
            let job = Job {
                call: own,
                client: peer,
                pool: entry.pool.into(),
                payload: payload.clone(),
                bytes: payload.len() + headers,
                repeat: if entry.flags & FLAG_ONCE == 0 { Repeat::Allowed } else { Repeat::Never },
                attempts_max: attempts.unwrap_or(model.facts.settings.attempts_max).max(1),
                accepted: now,
                deadline: now + Duration::from_millis(entry.timeout_ms),
                dispatches: 0,
                returned: 0,
                charged: 0,
                place: Place::Waiting,
            };
            model.add(id, job);
        }
    }

    fn replied(&mut self, now: Instant, session: u64, replies: &Replies<'_>, payloads: &[Bytes]) {
        for (entry, payload) in replies.replies.iter().zip(payloads) {
            let counted = match &mut self.model {
                Some(model) => model.answered(now, session, entry, payload),
                None => None,
            };
            if let Some(counted) = counted {
                self.count(counted);
            }
            self.taint_if_liar(session, entry.job);
        }
    }

    fn taint_if_liar(&mut self, session: u64, job: JobId) {
        let Some(model) = &self.model else { return };
        let honest = model.standings.get(&model.sessions[&session].route).is_some_and(|one| one.honest);
        let call = model.jobs.get(&job).and_then(|job| job.call);
        if let (false, Some(call)) = (honest, call) {
            self.taint(call);
        }
    }
}

impl Model {
    pub(super) fn session_mut(&mut self, route: Route) -> Option<&mut super::sessions::Session> {
        let session = *self.routes.get(&route)?;
        self.sessions.get_mut(&session)
    }

    /// A worker that the desk no longer lists is gone; the notice comes later.
    pub(super) fn find_buried(&mut self, desk: &Desk) {
        if self.exited.is_empty() {
            return;
        }
        let listed = desk.workers();
        for session in self.sessions.values_mut().filter(|session| session.worker().is_some()) {
            if !listed.iter().any(|worker| worker.id == session.peer) {
                session.over.get_or_insert(Over::Buried);
            }
        }
    }

    fn add(&mut self, id: JobId, job: Job) {
        if self.jobs.contains_key(&id) {
            return;
        }
        self.pools.entry(job.pool.clone()).or_default().lines.push(job.client, id);
        self.jobs.insert(id, job);
        self.waiting_peak += 1;
    }

    /// Its caller no longer waits.
    pub(super) fn drop_job(&mut self, id: JobId) {
        self.dropped.insert(id);
        if let Some(job) = self.jobs.remove(&id)
            && let Some(pool) = self.pools.get_mut(&job.pool)
        {
            pool.lines.dropped(job.client, id);
            pool.left += 1;
        }
    }

    fn registering(&mut self, session: u64, register: &Register<'_>) {
        let session = self.sessions.get_mut(&session).expect("it is live");
        if matches!(session.role, Role::Client) {
            return;
        }
        let credit = |credit_max| if register.attentive { credit_max } else { 1 };
        session.registering = Some(Worker {
            pid: u32::try_from(register.pid).unwrap_or(0),
            attentive: register.attentive,
            pools: register.pools.iter().map(|offer| (offer.pool.into(), credit(offer.credit_max))).collect(),
            quiet: false,
            outstanding: Vec::new(),
            occupied: false,
            rested_at: None,
            way_max: Duration::ZERO,
        });
    }

    /// A worker answers a dispatch. Tells what is to be counted.
    fn answered(
        &mut self,
        now: Instant,
        number: u64,
        entry: &ReplyEntry<'_>,
        payload: &Bytes,
    ) -> Option<Counted> {
        let worker = self.sessions.get_mut(&number)?.worker_mut()?;
        let Some(place) = worker.find(entry.job, entry.attempt) else { return Some(Counted::StepReplyStray) };
        let attempt = worker.outstanding.remove(place);
        let behind = place > 0;
        let way = now.saturating_duration_since(attempt.given);
        worker.way_max = worker.way_max.max(way.saturating_sub(Duration::from_micros(entry.run_us)));
        worker.occupied &= behind;
        worker.occupied |= behind && entry.end == WorkerEnd::Returned && !attempt.recalled;
        self.answered.insert((attempt.job, attempt.attempt));
        self.took(now, number, &attempt, entry);
        if !self.is_awaited(number, attempt.job, attempt.attempt) {
            let cancelled = entry.end == WorkerEnd::Cancelled;
            return Some(if cancelled { Counted::StepCancelledAnswer } else { Counted::StepReplyLate });
        }
        let asked_for = attempt.recalled && entry.end == WorkerEnd::Returned;
        let payload_bytes_max = self.facts.settings.payload_bytes_max;
        let job = self.jobs.get_mut(&attempt.job).expect("it is awaited");
        let answer = match entry.end {
            WorkerEnd::Done if payload.len() > payload_bytes_max => Answer::Failed,
            WorkerEnd::Done => Answer::Done(payload.clone()),
            WorkerEnd::Failed => Answer::Failed,
            WorkerEnd::Expired if job.deadline <= now + EXPIRY_TOLERANCE => Answer::Expired,
            WorkerEnd::Returned | WorkerEnd::Expired | WorkerEnd::Cancelled => {
                job.come_back(now);
                self.waiting_peak += 1;
                if asked_for {
                    return Some(Counted::StepReturned);
                }
                if behind && entry.end == WorkerEnd::Returned {
                    return Some(Counted::StepStockReturned);
                }
                self.let_rest(now, number);
                return Some(Counted::StepReturned);
            }
        };
        job.place = Place::Answered(answer);
        (entry.end == WorkerEnd::Expired).then_some(Counted::StepExpired)
    }

    /// What an answer says of the worker and the pool.
    fn took(&mut self, now: Instant, session: u64, attempt: &Attempt, entry: &ReplyEntry<'_>) {
        if !matches!(entry.end, WorkerEnd::Done | WorkerEnd::Failed) {
            return;
        }
        let soft = self.facts.settings.pools.iter().rev().find(|(name, _)| **name == *attempt.pool);
        let soft = soft.and_then(|(_, settings)| settings.run_time_soft);
        self.pools.entry(attempt.pool.clone()).or_default().ran(entry.run_us);
        if soft.is_some_and(|soft| Duration::from_micros(entry.run_us) > soft) {
            self.let_rest(now, session);
        }
    }

    fn let_rest(&mut self, now: Instant, session: u64) {
        if let Some(worker) = self.sessions.get_mut(&session).and_then(|session| session.worker_mut()) {
            worker.rested_at = Some(now);
        }
    }

    fn ordered(&mut self, now: Instant, session: u64, control: &Control<'_>) {
        let due = now + Duration::from_millis(control.within_ms);
        self.orders.push(Order { session, id: control.id, due });
    }
}

impl Job {
    /// It comes back unrun.
    pub(super) fn come_back(&mut self, now: Instant) {
        self.returned += 1;
        self.place = match self.repeat {
            Repeat::Allowed => Place::Waiting,
            Repeat::Never => Place::Doomed(now),
        };
    }
}

fn byte_count(submission: &Submission) -> usize {
    submission.headers.iter().map(|(name, value)| name.len() + value.len()).sum()
}
