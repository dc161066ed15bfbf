//! A machine with a master's pencil: what it would send is written to it, what it sends is read.

use crate::machine::{Action, Ending, Machine, Outcome, PoolSettings, Settings, Work};
use powerhose_protocol::*;
use std::time::{Duration, Instant};

pub(super) const SESSION: u64 = 7;

/// One answered job.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) call: u64,
    pub(super) attempt: u64,
    pub(super) end: WorkerEnd,
    pub(super) code: String,
    pub(super) payload: Vec<u8>,
}

pub(super) struct Bench {
    pub(super) machine: Machine<Vec<u8>>,
    pub(super) start: Instant,
    pub(super) now: Instant,
    /// Whether what it sends finds a connection.
    pub(super) connected: bool,
    sent: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    pub(super) others: Vec<Action<Vec<u8>>>,
}

impl Bench {
    /// Nothing has happened yet.
    pub(super) fn new() -> Bench {
        let pool = |name: &str, credit_max| PoolSettings { name: name.to_owned(), credit_max };
        let settings = Settings {
            pools: vec![pool("sign", 4), pool("hash", 4)],
            software: "test/1".to_owned(),
            host: "host".to_owned(),
            instance: "instance".to_owned(),
            pid: 42,
            labels: vec![("rack".to_owned(), "b".to_owned())],
            credentials: None,
            silence_max: Duration::from_secs(30),
        };
        let now = Instant::now();
        Bench {
            machine: Machine::new(now, settings),
            start: now,
            now,
            connected: true,
            sent: Vec::new(),
            others: Vec::new(),
        }
    }

    /// HELLO was sent and WELCOME read.
    pub(super) fn welcomed() -> Bench {
        let mut bench = Bench::new();
        bench.pass(0);
        bench.welcome(SESSION);
        bench
    }

    /// Ready for jobs, all that was sent until then read.
    pub(super) fn registered() -> Bench {
        let mut bench = Bench::welcomed();
        bench.registered_in(SESSION);
        bench.kinds();
        bench
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        self.machine.ending().cloned()
    }

    pub(super) fn clock_ms(&self) -> u64 {
        (self.now - self.start).as_millis() as u64
    }

    pub(super) fn welcome(&mut self, session: u64) {
        let limits = NamedValues(vec![("payload_bytes_max", 100)]);
        let intervals = NamedValues(vec![("heartbeat_ms", 1000), ("silence_ms", 5000)]);
        let sent_ms = self.clock_ms();
        self.hear(Welcome {
            version: 1,
            epoch: 1,
            session,
            peer: session,
            mac: None,
            limits,
            intervals,
            pid: 1,
            sent_ms,
        });
    }

    pub(super) fn registered_in(&mut self, session: u64) {
        let settings = NamedValues(vec![("overrun_grace_ms", 2000)]);
        let briefly = NamedValues(vec![("stock_wait_ms", 2)]);
        let pools = vec![PoolTerms { pool: "sign", settings }, PoolTerms { pool: "hash", settings: briefly }];
        self.hear(Registered { session, worker: 3, pools });
    }

    /// A message from the master without payloads.
    pub(super) fn hear<'a>(&mut self, message: impl Into<Message<'a>>) {
        self.hear_with(message, Vec::new());
    }

    pub(super) fn hear_with<'a>(&mut self, message: impl Into<Message<'a>>, mut payloads: Vec<Vec<u8>>) {
        self.machine.handle(self.now, &message.into().encode(), &mut payloads);
        self.act();
    }

    pub(super) fn hear_heartbeat(&mut self, sequence: u64) {
        let sent_ms = self.clock_ms();
        self.hear(Heartbeat { session: SESSION, sequence, acknowledged: 0, sent_ms });
    }

    /// Jobs of the pool `sign`, each with its number as payload.
    pub(super) fn give(&mut self, calls: &[u64], remaining_ms: u64) {
        self.give_in(SESSION, self.clock_ms(), calls, remaining_ms);
    }

    pub(super) fn give_in(&mut self, session: u64, sent_ms: u64, calls: &[u64], remaining_ms: u64) {
        let jobs = calls.iter().map(|call| entry("sign", *call, remaining_ms)).collect();
        self.give_entries(session, sent_ms, jobs);
    }

    /// Jobs of the pool `hash`, which do not wait long behind others.
    pub(super) fn give_brief(&mut self, calls: &[u64]) {
        self.give_brief_in(SESSION, calls);
    }

    pub(super) fn give_brief_in(&mut self, session: u64, calls: &[u64]) {
        let sent_ms = self.clock_ms();
        self.give_entries(session, sent_ms, calls.iter().map(|call| entry("hash", *call, 1000)).collect());
    }

    /// One of them that must not run twice.
    pub(super) fn give_once(&mut self, call: u64) {
        let once = JobEntry { flags: FLAG_ONCE, ..entry("hash", call, 1000) };
        self.give_entries(SESSION, self.clock_ms(), vec![once]);
    }

    fn give_entries(&mut self, session: u64, sent_ms: u64, jobs: Vec<JobEntry<'_>>) {
        let payloads = jobs.iter().map(|job| job.job.call().to_string().into_bytes()).collect();
        self.hear_with(Jobs { session, sent_ms, jobs }, payloads);
    }

    /// The next job, if there is one.
    pub(super) fn next(&mut self) -> Option<Work<Vec<u8>>> {
        let work = self.machine.next_job(self.now);
        self.act();
        work
    }

    /// The next job's call.
    pub(super) fn next_call(&mut self) -> Option<u64> {
        self.next().map(|work| work.job.call())
    }

    pub(super) fn finish(&mut self, payload: &[u8]) {
        self.finish_with(Outcome::Done { payload: payload.to_vec(), headers: Vec::new() });
    }

    pub(super) fn finish_with(&mut self, outcome: Outcome<Vec<u8>>) {
        self.machine.finish(outcome, Duration::from_micros(12));
        self.act();
    }

    /// Milliseconds pass; whatever becomes due is done when it is.
    pub(super) fn pass(&mut self, milliseconds: u64) {
        let until = self.now + Duration::from_millis(milliseconds);
        // More timers than this within one step would be a livelock.
        for _ in 0..10_000 {
            match self.machine.poll_timeout() {
                Some((due, _)) if due <= until => self.now = self.now.max(due),
                _ => {
                    self.now = until;
                    return;
                }
            }
            self.machine.handle_timeout(self.now);
            self.act();
        }
        panic!("a timer that never rests: {:?}", self.machine.poll_timeout());
    }

    pub(super) fn act(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Send { header, payloads } if self.connected => self.sent.push((header, payloads)),
                Action::Send { .. } => self.machine.handle_disconnected(self.now),
                other => self.others.push(other),
            }
        }
    }

    /// What was sent since the last look.
    pub(super) fn kinds(&mut self) -> Vec<Kind> {
        self.read(|message, _| message.kind())
    }

    /// Reads what was sent since the last look.
    pub(super) fn read<T>(&mut self, read: impl Fn(&Message<'_>, &[Vec<u8>]) -> T) -> Vec<T> {
        let sent = std::mem::take(&mut self.sent);
        let decoded = |(header, payloads): &(Vec<u8>, Vec<Vec<u8>>)| {
            let message = decode(header, payloads.len()).expect("the machine sends what the protocol allows");
            read(&message, payloads)
        };
        sent.iter().map(decoded).collect()
    }

    /// The jobs answered since the last look; other messages are passed over.
    pub(super) fn answers(&mut self) -> Vec<Answer> {
        let answers = self.read(|message, payloads| match message {
            Message::Replies(replies) => replies
                .replies
                .iter()
                .zip(payloads)
                .map(|(reply, payload)| Answer {
                    call: reply.job.call(),
                    attempt: reply.attempt,
                    end: reply.end,
                    code: reply.code.to_owned(),
                    payload: payload.clone(),
                })
                .collect(),
            _ => Vec::new(),
        });
        answers.into_iter().flatten().collect()
    }

    /// Calls and ends of the jobs answered since the last look.
    pub(super) fn ends(&mut self) -> Vec<(u64, WorkerEnd)> {
        self.answers().into_iter().map(|answer| (answer.call, answer.end)).collect()
    }
}

fn entry(pool: &str, call: u64, remaining_ms: u64) -> JobEntry<'_> {
    let headers = NamedValues(vec![("name", Bytes(b"value"))]);
    JobEntry { job: JobId::new(1, call), attempt: 1, pool, remaining_ms, flags: 0, headers }
}

pub(super) fn attempt(call: u64) -> JobAttempt {
    JobAttempt { job: JobId::new(1, call), attempt: 1 }
}
