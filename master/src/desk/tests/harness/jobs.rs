//! Jobs of paper: submitted, read by workers, answered, and read again by their callers.

use super::{Bench, Ended, Given, Peer, Sent};
use crate::common::Headers;
use crate::common::{Clock, Ending, Outcome, Repeat, Submission};
use crate::desk::Event;
use bytes::Bytes;
use powerhose_protocol::*;
use std::time::Duration;

/// A job for a pool, all else by default.
pub(crate) fn job(pool: &str) -> Submission {
    Submission {
        pool: pool.to_owned().into(),
        payload: Bytes::from_static(b"payload"),
        headers: Headers::default(),
        timeout: None,
        attempts_max: None,
        clock: Clock::FromSubmission,
        repeat: Repeat::Allowed,
    }
}

/// How a worker answers.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) end: WorkerEnd,
    pub(crate) run_us: u64,
    pub(crate) code: &'a str,
    pub(crate) payload: &'static [u8],
}

impl Default for Answer<'_> {
    /// A reply, after ten milliseconds.
    fn default() -> Self {
        Answer { end: WorkerEnd::Done, run_us: 10_000, code: "", payload: b"reply" }
    }
}

impl Bench {
    // Callers in the master's process.

    /// A job for this pool; its call.
    pub(crate) fn submit(&mut self, pool: &str) -> u64 {
        self.submit_job(job(pool))
    }

    pub(crate) fn submit_job(&mut self, submission: Submission) -> u64 {
        self.last_call += 1;
        let call = self.last_call;
        self.event(Event::Submit { call, submission });
        call
    }

    /// A job that ends this many milliseconds from now.
    pub(crate) fn submit_for(&mut self, pool: &str, milliseconds: u64) -> u64 {
        self.submit_job(Submission { timeout: Some(Duration::from_millis(milliseconds)), ..job(pool) })
    }

    pub(crate) fn submit_once(&mut self, pool: &str) -> u64 {
        self.submit_job(Submission { repeat: Repeat::Never, ..job(pool) })
    }

    pub(crate) fn abandon(&mut self, call: u64) {
        self.event(Event::Abandon { call });
    }

    /// The end of a call, and its only one.
    pub(crate) fn outcome(&mut self, call: u64) -> Outcome {
        self.act();
        let ends: Vec<usize> = self
            .ended
            .iter()
            .enumerate()
            .filter(|(_, (ended, _))| *ended == call)
            .map(|(place, _)| place)
            .collect();
        assert_eq!(ends.len(), 1, "call {call} ends once");
        self.ended.remove(ends[0]).1
    }

    pub(crate) fn ending(&mut self, call: u64) -> Ending {
        self.outcome(call).ending
    }

    pub(crate) fn has_ended(&mut self, call: u64) -> bool {
        self.act();
        self.ended.iter().any(|(ended, _)| *ended == call)
    }

    /// Whether this reply came back.
    /// The calls that ended as rejected.
    pub(crate) fn rejected(&mut self) -> Vec<u64> {
        self.act();
        let is_rejected = |outcome: &Outcome| matches!(outcome.ending, Ending::Rejected(_));
        self.ended.iter().filter(|(_, outcome)| is_rejected(outcome)).map(|(call, _)| *call).collect()
    }

    pub(crate) fn is_done(&mut self, call: u64) -> bool {
        matches!(self.ending(call), Ending::Done { payload, .. } if payload == b"reply"[..])
    }

    // Clients.

    pub(crate) fn execute(&mut self, client: Peer, call: u64, pool: &str) {
        self.execute_all(client, &[(call, job(pool))]);
    }

    pub(crate) fn execute_all(&mut self, client: Peer, calls: &[(u64, Submission)]) {
        let entry = |(call, submission): &(u64, Submission)| {
            let timeout = submission.timeout.unwrap_or(Duration::from_secs(5));
            (*call, submission.clone(), timeout.as_millis() as u64)
        };
        let calls: Vec<_> = calls.iter().map(entry).collect();
        let entries = calls.iter().map(|(call, submission, timeout_ms)| CallEntry {
            call: *call,
            pool: &submission.pool,
            timeout_ms: *timeout_ms,
            flags: if submission.repeat == Repeat::Never { FLAG_ONCE } else { 0 }
                | if submission.clock == Clock::FromDispatch { FLAG_FROM_DISPATCH } else { 0 },
            attempts_max: submission.attempts_max.map(u64::from),
            headers: submission.headers.to_wire(),
        });
        let execute = Execute { session: client.session, calls: entries.collect() };
        let payloads = calls.iter().map(|(_, submission, _)| submission.payload.clone()).collect();
        self.say_with(client.route, execute, payloads);
    }

    /// The outcomes that a client has got since the last look.
    pub(crate) fn outcomes(&mut self, client: Peer) -> Vec<Ended> {
        let heard = self.heard(client);
        let outcomes = heard.into_iter().flat_map(|sent| match sent {
            Sent::Outcomes(ended) => ended,
            other => panic!("OUTCOMES were expected: {other:?}"),
        });
        outcomes.collect()
    }

    // Workers.

    /// The messages of jobs that a worker has got since the last look. Other messages stay.
    pub(crate) fn batches(&mut self, worker: Peer) -> Vec<Vec<Given>> {
        self.act();
        let mut batches = Vec::new();
        self.sent.retain_mut(|(to, sent)| match sent {
            Sent::Jobs(given) if *to == worker.route => {
                batches.push(std::mem::take(given));
                false
            }
            _ => true,
        });
        batches
    }

    pub(crate) fn jobs(&mut self, worker: Peer) -> Vec<Given> {
        self.batches(worker).into_iter().flatten().collect()
    }

    /// The job that a worker has got, and its only one.
    pub(crate) fn job(&mut self, worker: Peer) -> Given {
        let mut jobs = self.jobs(worker);
        assert_eq!(jobs.len(), 1, "one job for {worker:?}: {jobs:?}");
        jobs.remove(0)
    }

    /// The calls of the jobs that a worker has got, in its order.
    pub(crate) fn calls(&mut self, worker: Peer) -> Vec<u64> {
        self.jobs(worker).iter().map(|given| given.job.call()).collect()
    }

    pub(crate) fn done(&mut self, worker: Peer, given: &Given) {
        self.answer(worker, given, Answer::default());
    }

    pub(crate) fn done_in(&mut self, worker: Peer, given: &Given, run: Duration) {
        self.answer(worker, given, Answer { run_us: run.as_micros() as u64, ..Answer::default() });
    }

    pub(crate) fn give_back(&mut self, worker: Peer, given: &Given, end: WorkerEnd) {
        self.answer(worker, given, Answer { end, run_us: 0, payload: b"", ..Answer::default() });
    }

    pub(crate) fn answer(&mut self, worker: Peer, given: &Given, answer: Answer<'_>) {
        self.answer_as(worker, given.job, given.attempt, answer);
    }

    pub(crate) fn answer_as(&mut self, worker: Peer, job: JobId, attempt: u64, answer: Answer<'_>) {
        let Answer { end, run_us, code, payload } = answer;
        let text = if code.is_empty() { "" } else { "text" };
        let headers = MessageHeaders::default();
        let entry = ReplyEntry { job, attempt, end, run_us, code, text, headers };
        let replies = Replies { session: worker.session, replies: vec![entry] };
        self.say_with(worker.route, replies, vec![Bytes::from_static(payload)]);
    }

    /// Lets the pool's run times be known, so that workers are given more than one job at once. The worker must be
    /// idle and the only one.
    pub(crate) fn learn_run_times(&mut self, worker: Peer, pool: &str, run: Duration) {
        for _ in 0..100 {
            let call = self.submit(pool);
            let given = self.job(worker);
            self.done_in(worker, &given, run);
            assert!(self.is_done(call));
        }
    }
}
