//! A worker that does exactly what a test wants, on a raw socket.

use super::Peer;
use powerhose::JobId;
use powerhose_protocol::{
    CallEntry, Message, MessageHeaders, PoolOffer, Register, Replies, ReplyEntry, WorkerEnd,
};

pub(crate) struct RawWorker {
    pub(crate) peer: Peer,
    pub(crate) session: u64,
}

/// A job as it came.
#[derive(Debug)]
pub(crate) struct GivenJob {
    pub(crate) job: JobId,
    pub(crate) attempt: u64,
    pub(crate) pool: String,
    pub(crate) remaining_ms: u64,
    pub(crate) flags: u64,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) payload: Vec<u8>,
}

impl RawWorker {
    /// One that has registered.
    #[track_caller]
    pub(crate) fn register(endpoint: &str, pools: &[&str]) -> RawWorker {
        let peer = Peer::connect(endpoint);
        let session = peer.hello("worker").session;
        peer.registered(session, pools);
        RawWorker { peer, session }
    }

    /// Waits for a message with one job.
    #[track_caller]
    pub(crate) fn next_job(&self) -> GivenJob {
        let incoming = self.peer.receive();
        match incoming.message() {
            Message::Jobs(jobs) if jobs.jobs.len() == 1 => {
                let entry = &jobs.jobs[0];
                let headers =
                    entry.headers.0.iter().map(|(name, value)| ((*name).to_owned(), value.0.to_vec()));
                GivenJob {
                    job: entry.job,
                    attempt: entry.attempt,
                    pool: entry.pool.to_owned(),
                    remaining_ms: entry.remaining_ms,
                    flags: entry.flags,
                    headers: headers.collect(),
                    payload: incoming.payloads[0].clone(),
                }
            }
            other => panic!("{other:?} instead of a job"),
        }
    }

    /// Answers every job with its payload until it has answered this one, whatever it is told to cancel.
    #[track_caller]
    pub(crate) fn echo_until(&self, last: &[u8]) {
        loop {
            let incoming = self.peer.receive();
            match incoming.message() {
                Message::Jobs(jobs) => {
                    let replies: Vec<_> =
                        jobs.jobs.iter().map(|entry| done(entry.job, entry.attempt)).collect();
                    let payloads: Vec<&[u8]> = incoming.payloads.iter().map(Vec::as_slice).collect();
                    self.answer(&replies, &payloads);
                    if payloads.contains(&last) {
                        return;
                    }
                }
                Message::Cancel(_) => {}
                other => panic!("{other:?} instead of a job"),
            }
        }
    }

    /// Waits for a CANCEL; gives what it names.
    #[track_caller]
    pub(crate) fn next_cancel(&self) -> Vec<(JobId, u64)> {
        match self.peer.receive().message() {
            Message::Cancel(cancel) => cancel.jobs.iter().map(|job| (job.job, job.attempt)).collect(),
            other => panic!("{other:?} instead of CANCEL"),
        }
    }

    pub(crate) fn answer(&self, replies: &[ReplyEntry<'_>], payloads: &[&[u8]]) {
        self.peer.say(Replies { session: self.session, replies: replies.to_vec() }, payloads);
    }

    /// Waits until the master has taken in what was said; nothing else may come meanwhile.
    #[track_caller]
    pub(crate) fn settle(&self) {
        self.peer.settle(self.session);
    }
}

impl Peer {
    /// Sends REGISTER for these pools, one job at a time.
    pub(crate) fn register(&self, session: u64, pools: &[&str]) {
        let pools = pools.iter().map(|pool| PoolOffer { pool, credit_max: 1 }).collect();
        let register = Register {
            session,
            pools,
            pid: 1,
            host: "elsewhere",
            instance: "raw",
            attentive: true,
            labels: Default::default(),
        };
        self.say(register, &[]);
    }

    /// The same, and waits for REGISTERED.
    #[track_caller]
    pub(crate) fn registered(&self, session: u64, pools: &[&str]) {
        self.register(session, pools);
        match self.receive().message() {
            Message::Registered(registered) => {
                let names: Vec<_> = registered.pools.iter().map(|terms| terms.pool).collect();
                assert_eq!(names, pools);
            }
            other => panic!("{other:?} instead of REGISTERED"),
        }
    }
}

/// A reply.
pub(crate) fn done(job: JobId, attempt: u64) -> ReplyEntry<'static> {
    end(job, attempt, WorkerEnd::Done)
}

pub(crate) fn end(job: JobId, attempt: u64, end: WorkerEnd) -> ReplyEntry<'static> {
    ReplyEntry { job, attempt, end, run_us: 1, code: "", text: "", headers: MessageHeaders::default() }
}

/// A call for the pool `default`.
pub(crate) fn call(call: u64) -> CallEntry<'static> {
    let headers = MessageHeaders::default();
    CallEntry { call, pool: "default", timeout_ms: 30_000, flags: 0, attempts_max: None, headers }
}
