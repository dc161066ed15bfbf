//! What the master sends: sessions it opens, jobs it gives, what it takes back.

use super::Reference;
use super::model::{Model, Place, PoolModel};
use super::sessions::{Attempt, Over, Role, Session};
use crate::coverage::Counted;
use crate::verdict::Check;
use bytes::Bytes;
use powerhose::desk::{Repeat, Route};
use powerhose_protocol::{
    Controlled, JobAttempt, JobEntry, Jobs, Message, Outcomes, Registered, Reject, Value, Welcome, decode,
};
use std::time::Instant;

impl Reference {
    /// The master sends a message; whether it can be handed over makes no difference to what it may say.
    pub(super) fn sent(&mut self, now: Instant, route: Route, header: &[u8], payloads: &[Bytes]) {
        // What refuses an empty frame begins with one.
        if let ([], [reject]) = (header, payloads) {
            return self.sent(now, route, reject, &[]);
        }
        let message = match decode(header, payloads.len()) {
            Ok(message) => message,
            Err(error) => {
                return self
                    .verdict
                    .violated(Check::Invariants, || format!("the master sends nonsense: {error}"));
            }
        };
        match &message {
            Message::Welcome(welcome) => self.welcomed(now, route, welcome),
            Message::Challenge(_) => self.count(Counted::StepChallenge),
            Message::Unknown(_) => self.count(Counted::StepUnknown),
            Message::Reject(reject) => self.rejected(route, reject),
            Message::Registered(registered) => self.registered(registered),
            Message::Jobs(jobs) => self.gave(now, route, jobs, payloads),
            Message::Cancel(cancel) => self.took_back(cancel.session, &cancel.jobs, Counted::StepCancel),
            Message::Recall(recall) => self.took_back(recall.session, &recall.jobs, Counted::StepRecall),
            Message::Quieted(quieted) => self.quieted(quieted.session),
            Message::Resume(resume) => self.resumed(resume.session),
            Message::Outcomes(outcomes) => self.told(now, outcomes, payloads),
            Message::State(state) => {
                self.count(Counted::StepState);
                self.one_answer(state.session);
            }
            Message::Controlled(controlled) => self.controlled(controlled),
            Message::Bye(bye) if bye.code == "stop" => self.dismissed(bye.session),
            _ => {}
        }
    }

    fn welcomed(&mut self, now: Instant, route: Route, welcome: &Welcome<'_>) {
        if self.model.as_mut().is_some_and(|model| model.is_welcomed_again(route, welcome.session)) {
            return self.count(Counted::StepWelcomeAgain);
        }
        let new = welcome.session != 0 && self.sessions_used.insert(welcome.session);
        self.verdict.must(Check::NewSession, new, || format!("session {} again", welcome.session));
        let Some(model) = &mut self.model else { return };
        let standing = model.standings.get(&route).copied();
        let proved = model.facts.settings.secrets.is_empty() || standing.is_some_and(|one| one.proves);
        self.verdict.must(Check::Proved, proved, || format!("{route:?} has proved nothing: {standing:?}"));
        let greeted = model.hellos.contains_key(&route);
        self.verdict.must(Check::Proved, greeted, || format!("{route:?} has not said HELLO"));
        let mut session = Session::new(route, welcome.peer, now);
        session.suspected_at = model.hints.get(&route).copied();
        session.hello = model.last_hellos.get(&route).cloned();
        model.routes.insert(route, welcome.session);
        model.sessions.insert(welcome.session, session);
    }

    fn rejected(&mut self, route: Route, reject: &Reject<'_>) {
        self.count(Counted::StepReject);
        if reject.kind == 1 {
            self.count(Counted::StepRejectHello);
        }
        let Some(model) = &mut self.model else { return };
        let Some(session) = model.session_on(route) else { return };
        if reject.kind == powerhose_protocol::Kind::Control as u64 {
            model.orders.retain(|order| order.session != session || Some(order.id) != reject.reference);
        } else if reject.code == "query" {
            self.one_answer(session);
        }
    }

    fn one_answer(&mut self, session: u64) {
        if let Some(model) = &mut self.model {
            *model.questions.entry(session).or_default() -= 1;
        }
    }

    fn registered(&mut self, registered: &Registered<'_>) {
        let Some(model) = &mut self.model else { return };
        let Some(session) = model.sessions.get_mut(&registered.session) else { return };
        let Some(mut worker) = session.registering.take() else { return };
        if let Some(before) = session.worker_mut() {
            worker.outstanding = std::mem::take(&mut before.outstanding);
            (worker.quiet, worker.rested_at) = (before.quiet, before.rested_at);
            worker.occupied = before.occupied;
        }
        for (pool, _) in &worker.pools {
            model.pools.entry(pool.clone()).or_default().known = true;
        }
        session.role = Role::Worker(worker);
    }

    fn gave(&mut self, now: Instant, route: Route, jobs: &Jobs<'_>, payloads: &[Bytes]) {
        let Some(model) = &mut self.model else { return };
        let settings = &model.facts.settings;
        let bytes: usize = payloads.iter().map(Bytes::len).sum();
        let fits = payloads.len() == 1
            || (payloads.len() <= settings.batch_jobs_max && bytes <= settings.batch_bytes_max);
        self.verdict.must(Check::Batches, fits, || format!("{} jobs, {bytes} bytes", payloads.len()));
        let live = model.session_on(route) == Some(jobs.session);
        self.verdict.must(Check::Registered, live, || format!("jobs to {route:?} in another's session"));
        let quiet = model.sessions.get(&jobs.session).and_then(Session::worker).map(|worker| worker.quiet);
        self.verdict.must(Check::Registered, quiet.is_some(), || format!("{route:?} is no worker"));
        self.verdict.must(Check::Quieted, quiet != Some(true), || format!("jobs to {route:?}"));
        let suspect = model.sessions.get(&jobs.session).is_some_and(|session| session.is_suspect(now));
        self.verdict.must(Check::Suspects, !suspect, || format!("jobs to {route:?}"));
        let overdue = model.has_cancelled(jobs.session);
        self.verdict.must(Check::Overdue, !overdue, || format!("jobs to {route:?}"));
        let occupied =
            model.sessions.get(&jobs.session).and_then(Session::worker).is_some_and(|worker| worker.occupied);
        self.verdict.must(Check::Occupied, !occupied, || format!("jobs to {route:?}"));
        if payloads.len() > 1 {
            self.count(Counted::StepBatch);
        }
        for (entry, payload) in jobs.jobs.iter().zip(payloads) {
            self.dispatched(now, jobs.session, entry, payload);
        }
    }

    fn dispatched(&mut self, now: Instant, number: u64, entry: &JobEntry<'_>, payload: &Bytes) {
        self.count(Counted::StepDispatched);
        let (Some(model), verdict) = (&mut self.model, &mut self.verdict) else { return };
        let id = entry.job;
        let Some(job) = model.jobs.get_mut(&id) else {
            return verdict.violated(Check::NoDeadJobs, || format!("nobody waits for {id}"));
        };
        verdict.must(Check::NoDeadJobs, now < job.deadline, || format!("the deadline of {id} has passed"));
        let again = job.dispatches > 0;
        verdict.must(Check::Once, !again || job.repeat == Repeat::Allowed, || format!("{id} once more"));
        let waits = job.place == Place::Waiting;
        let check = if matches!(job.place, Place::Doomed(_)) { Check::AttemptsMax } else { Check::Fenced };
        verdict.must(check, waits, || format!("{id} is dispatched, it was {:?}", job.place));
        verdict.must(Check::Fenced, entry.attempt == job.dispatches + 1, || {
            format!("{id} is dispatched as attempt {} after {}", entry.attempt, job.dispatches)
        });
        verdict.must(Check::OwnReply, *payload == job.payload && *entry.pool == *job.pool, || {
            format!("{id} goes out as another job")
        });
        job.dispatches = entry.attempt;
        job.place = Place::At(number);
        let (alone, client, call) = (job.goes_alone(), job.client, job.call);
        let attempt = Attempt {
            job: id,
            attempt: entry.attempt,
            given: now,
            pool: entry.pool.into(),
            bytes: payload.len(),
            alone,
            cancelled: false,
            recalled: false,
        };
        model.load(number, attempt, verdict);
        let pool = model.pools.entry(entry.pool.into()).or_default();
        pool.moved = true;
        if again {
            self.coverage.count(Counted::StepDispatchedAgain);
        } else {
            pool.lines.dispatched(client, id);
        }
        if alone {
            self.coverage.count(Counted::StepDispatchedAlone);
        }
        let honest = model.standings.get(&model.sessions[&number].route).is_some_and(|one| one.honest);
        if model.crowded.contains(&number) {
            self.coverage.count(Counted::StepBehind);
        }
        if let (false, Some(call)) = (honest, call) {
            self.taint(call);
        }
    }

    fn took_back(&mut self, session: u64, jobs: &[JobAttempt], counted: Counted) {
        self.count(counted);
        let Some(model) = &mut self.model else { return };
        let Some(worker) = model.sessions.get_mut(&session).and_then(Session::worker_mut) else { return };
        for one in jobs {
            if model.answered.contains(&(one.job, one.attempt)) {
                // It crossed the answer within this turn: to the master it had been asked for.
                worker.occupied &= counted != Counted::StepRecall;
                continue;
            }
            let Some(attempt) = worker.find_mut(one.job, one.attempt) else {
                let missing = || format!("{counted:?} of {} at a worker that does not have it", one.job);
                self.verdict.violated(Check::Cancelled, missing);
                continue;
            };
            match counted {
                Counted::StepCancel => attempt.cancelled = true,
                _ => {
                    attempt.recalled = true;
                    model.pools.entry(attempt.pool.clone()).or_default().moved = true;
                }
            }
        }
    }

    fn dismissed(&mut self, session: u64) {
        self.count(Counted::StepStopOrdered);
        if let Some(session) = self.model.as_mut().and_then(|model| model.sessions.get_mut(&session)) {
            session.over.get_or_insert(Over::Goodbye);
        }
    }

    fn quieted(&mut self, session: u64) {
        self.count(Counted::StepQuieted);
        let model = self.model.as_mut();
        let worker = model.and_then(|model| model.sessions.get_mut(&session)).and_then(Session::worker_mut);
        if let Some(worker) = worker {
            worker.quiet = true;
        }
    }

    fn resumed(&mut self, session: u64) {
        self.count(Counted::StepResume);
        let model = self.model.as_mut();
        let worker = model.and_then(|model| model.sessions.get_mut(&session)).and_then(Session::worker_mut);
        if let Some(worker) = worker {
            worker.quiet = false;
        }
    }

    fn told(&mut self, now: Instant, outcomes: &Outcomes<'_>, payloads: &[Bytes]) {
        let Some(model) = &self.model else { return };
        let Some(peer) = model.sessions.get(&outcomes.session).map(|session| session.peer) else { return };
        let done = outcomes.outcomes.iter().zip(payloads).map(|(_, payload)| payload.len()).sum::<usize>();
        let settings = &model.facts.settings;
        let fits = payloads.len() == 1
            || (payloads.len() <= settings.batch_jobs_max && done <= settings.batch_bytes_max);
        self.verdict.must(Check::Batches, fits, || format!("{} outcomes, {done} bytes", payloads.len()));
        for (entry, payload) in outcomes.outcomes.iter().zip(payloads) {
            self.remote_ended(now, peer, entry, payload);
        }
    }

    fn controlled(&mut self, controlled: &Controlled) {
        self.count(Counted::StepControlled);
        let left = controlled.progress.field("left").and_then(Value::as_unsigned);
        if left.is_some_and(|left| left > 0) {
            self.count(Counted::StepControlledLeft);
        }
        let Some(model) = &mut self.model else { return };
        let place = model
            .orders
            .iter()
            .position(|order| order.session == controlled.session && order.id == controlled.id);
        match place {
            Some(place) => drop(model.orders.remove(place)),
            None => {
                let id = controlled.id;
                self.verdict.violated(Check::Answered, || format!("nobody gave the order {id}"));
            }
        }
    }
}

impl Model {
    pub(super) fn has_cancelled(&self, session: u64) -> bool {
        let worker = self.sessions.get(&session).and_then(Session::worker);
        worker.is_some_and(|worker| worker.outstanding.iter().any(|attempt| attempt.cancelled))
    }

    /// A job goes to a worker.
    fn load(&mut self, number: u64, attempt: Attempt, verdict: &mut crate::verdict::Verdict) {
        let fixed = self.facts.settings.pools.iter().rev().find(|(name, _)| **name == *attempt.pool);
        let fixed = fixed.and_then(|(_, settings)| settings.credit);
        let quick = self.pools.get(&attempt.pool).is_some_and(PoolModel::is_quick);
        let batch_bytes_max = self.facts.settings.batch_bytes_max;
        let Some(worker) = self.sessions.get_mut(&number).and_then(Session::worker_mut) else { return };
        let id = attempt.job;
        let Some(credit_max) = worker.offers(&attempt.pool) else {
            return verdict.violated(Check::Registered, || format!("{id} to a worker of other pools"));
        };
        let company = !worker.outstanding.is_empty();
        let disturbed = company && (attempt.alone || worker.outstanding.iter().any(|other| other.alone));
        verdict.must(Check::Alone, !disturbed, || format!("{id} joins others"));
        let same = worker.outstanding.iter().filter(|other| other.pool == attempt.pool).count() as u64;
        let credit = fixed.map_or(if quick { worker.ahead_max() } else { 1 }, u64::from).min(credit_max);
        verdict.must(Check::Credit, same < credit, || {
            format!("{id} is the {}th at a worker with a credit of {credit}", same + 1)
        });
        let bytes: usize = worker.outstanding.iter().map(|other| other.bytes).sum();
        verdict.must(Check::Credit, !company || bytes < batch_bytes_max, || {
            format!("{id} joins {bytes} bytes at a worker")
        });
        worker.outstanding.push(attempt);
        if company {
            self.crowded.insert(number);
        }
    }
}
