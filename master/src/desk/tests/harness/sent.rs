//! What the dispatcher sends, read as a peer would read it, and kept.

use bytes::Bytes;
use powerhose_protocol::{JobAttempt, JobEnd, JobId, Kind, Message, Value, decode};

/// A message to a peer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent {
    /// As the whole header frame, which is what a proof is about.
    Challenge {
        frame: Vec<u8>,
    },
    Welcome(Welcomed),
    Heartbeat {
        sequence: u64,
        acknowledged: u64,
    },
    Unknown {
        epoch: u64,
    },
    Bye {
        code: String,
    },
    Reject(Refusal),
    Registered {
        worker: u64,
        pools: Vec<String>,
        /// Of each pool, if there is one.
        stock_wait_ms: Vec<Option<u64>>,
    },
    Jobs(Vec<Given>),
    Cancel(Vec<(JobId, u64)>),
    Recall(Vec<(JobId, u64)>),
    Quiet,
    Quieted,
    Resume,
    Outcomes(Vec<Ended>),
    State(Value),
    Controlled {
        id: u64,
        progress: Value,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Welcomed {
    pub(crate) version: u64,
    pub(crate) epoch: u64,
    pub(crate) session: u64,
    pub(crate) peer: u64,
    pub(crate) mac: Option<Vec<u8>>,
    pub(crate) settings: Vec<(String, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) kind: u64,
    pub(crate) reference: Option<u64>,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) retry_after_ms: Option<u64>,
}

/// A job as a worker gets it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) job: JobId,
    pub(crate) attempt: u64,
    pub(crate) pool: String,
    pub(crate) remaining_ms: u64,
    pub(crate) flags: u64,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) payload: Bytes,
}

/// The end of a call as a client gets it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) call: u64,
    pub(crate) end: JobEnd,
    pub(crate) may_have_run: bool,
    pub(crate) attempts: u64,
    pub(crate) worker: Option<u64>,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) detail: Option<u64>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) payload: Bytes,
}

impl Sent {
    /// Reads a message, and the session that it belongs to.
    ///
    /// # Panics
    /// It breaks the protocol, or no master sends it.
    pub(crate) fn read(header: &[u8], mut payloads: Vec<Bytes>) -> (Option<u64>, Sent) {
        if header.is_empty() {
            let (session, sent) = Sent::read(&payloads.remove(0), payloads);
            assert!(matches!(&sent, Sent::Reject(refusal) if refusal.code == "empty_header"), "{sent:?}");
            return (session, sent);
        }
        let message = decode(header, payloads.len()).expect("the dispatcher keeps to the protocol");
        let session = message.session();
        if let Message::Challenge(_) = message {
            return (session, Sent::Challenge { frame: header.to_vec() });
        }
        (session, read(message, payloads))
    }
}

fn read(message: Message<'_>, payloads: Vec<Bytes>) -> Sent {
    match message {
        Message::Welcome(welcome) => {
            let settings = welcome.limits.0.iter().chain(&welcome.intervals.0);
            Sent::Welcome(Welcomed {
                version: welcome.version,
                epoch: welcome.epoch,
                session: welcome.session,
                peer: welcome.peer,
                mac: welcome.mac.map(|mac| mac.0.to_vec()),
                settings: settings.map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            })
        }
        Message::Heartbeat(heartbeat) => {
            Sent::Heartbeat { sequence: heartbeat.sequence, acknowledged: heartbeat.acknowledged }
        }
        Message::Unknown(unknown) => Sent::Unknown { epoch: unknown.epoch },
        Message::Bye(bye) => Sent::Bye { code: bye.code.to_owned() },
        Message::Reject(reject) => Sent::Reject(Refusal {
            kind: reject.kind,
            reference: reject.reference,
            code: reject.code.to_owned(),
            text: reject.text.to_owned(),
            retry_after_ms: reject.retry_after_ms,
        }),
        Message::Registered(registered) => {
            let pools = registered.pools.iter().map(|terms| terms.pool.to_owned()).collect();
            let stock_wait_ms = registered.pools.iter().map(|terms| terms.settings.find("stock_wait_ms"));
            Sent::Registered { worker: registered.worker, pools, stock_wait_ms: stock_wait_ms.collect() }
        }
        Message::Jobs(jobs) => Sent::Jobs(given(&jobs, payloads)),
        Message::Cancel(cancel) => Sent::Cancel(attempts(&cancel.jobs)),
        Message::Recall(recall) => Sent::Recall(attempts(&recall.jobs)),
        Message::Quiet(_) => Sent::Quiet,
        Message::Quieted(_) => Sent::Quieted,
        Message::Resume(_) => Sent::Resume,
        Message::Outcomes(outcomes) => Sent::Outcomes(ended(&outcomes, payloads)),
        Message::State(state) => Sent::State(state.state),
        Message::Controlled(controlled) => {
            Sent::Controlled { id: controlled.id, progress: controlled.progress }
        }
        Message::Hello(_)
        | Message::Challenge(_)
        | Message::Proof(_)
        | Message::Register(_)
        | Message::Replies(_)
        | Message::Execute(_)
        | Message::Abandon(_)
        | Message::Status(_)
        | Message::Control(_) => panic!("a master sent {}", message.kind()),
    }
}

fn attempts(jobs: &[JobAttempt]) -> Vec<(JobId, u64)> {
    jobs.iter().map(|attempt| (attempt.job, attempt.attempt)).collect()
}

fn given(jobs: &powerhose_protocol::Jobs<'_>, payloads: Vec<Bytes>) -> Vec<Given> {
    let entries = jobs.jobs.iter().zip(payloads).map(|(entry, payload)| Given {
        job: entry.job,
        attempt: entry.attempt,
        pool: entry.pool.to_owned(),
        remaining_ms: entry.remaining_ms,
        flags: entry.flags,
        headers: headers(&entry.headers),
        payload,
    });
    entries.collect()
}

fn headers(headers: &powerhose_protocol::MessageHeaders<'_>) -> Vec<(String, Vec<u8>)> {
    headers.0.iter().map(|(name, value)| ((*name).to_owned(), value.0.to_vec())).collect()
}

fn ended(outcomes: &powerhose_protocol::Outcomes<'_>, payloads: Vec<Bytes>) -> Vec<Ended> {
    let entries = outcomes.outcomes.iter().zip(payloads).map(|(entry, payload)| Ended {
        call: entry.call,
        end: entry.end,
        may_have_run: entry.may_have_run,
        attempts: entry.attempts,
        worker: entry.worker,
        code: entry.code.to_owned(),
        text: entry.text.to_owned(),
        detail: entry.detail,
        headers: headers(&entry.headers),
        payload,
    });
    entries.collect()
}

impl Refusal {
    /// What a test usually wants to know: which kind of message, and the code.
    pub(crate) fn of(&self, kind: Kind) -> &str {
        assert_eq!(self.kind, kind as u64, "{self:?}");
        &self.code
    }
}
