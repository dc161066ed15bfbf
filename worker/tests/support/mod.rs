//! A master of one worker: a ROUTER socket and what a test makes it say. It waits for what it expects, within a bound.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use powerhose_protocol::*;
use std::time::{Duration, Instant};

/// Far more than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(10);
pub const SESSION: u64 = 5;

pub struct Master {
    socket: zmq::Socket,
    pub endpoint: String,
    route: Vec<u8>,
    heartbeat_ms: u64,
    overrun_grace_ms: u64,
    epoch: u64,
    started: Instant,
}

/// A message of the worker.
pub struct Incoming {
    header: Vec<u8>,
    pub payloads: Vec<Vec<u8>>,
}

impl Incoming {
    pub fn message(&self) -> Message<'_> {
        decode(&self.header, self.payloads.len()).expect("the worker sends what the protocol allows")
    }
}

/// How a job was answered.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub call: u64,
    pub end: WorkerEnd,
    pub code: String,
    pub text: String,
    pub payload: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Master {
    pub fn bind(folder: &std::path::Path) -> Master {
        let socket = zmq::Context::new().socket(zmq::ROUTER).expect("a socket");
        socket.set_linger(0).expect("linger");
        socket.set_router_mandatory(true).expect("mandatory");
        let endpoint = format!("ipc://{}/master.ipc", folder.display());
        socket.bind(&endpoint).expect("bind");
        Master {
            socket,
            endpoint,
            route: Vec::new(),
            heartbeat_ms: 100,
            overrun_grace_ms: 30_000,
            epoch: 1,
            started: Instant::now(),
        }
    }

    pub fn with_overrun_grace_ms(self, overrun_grace_ms: u64) -> Master {
        Master { overrun_grace_ms, ..self }
    }

    pub fn with_epoch(self, epoch: u64) -> Master {
        Master { epoch, ..self }
    }

    fn clock_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// The session that it opens.
    pub fn session(&self) -> u64 {
        SESSION + self.epoch
    }

    /// Waits until a message of this kind comes; those before it are dropped.
    pub fn expect(&mut self, kind: Kind) -> Incoming {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let ready = self.socket.poll(zmq::POLLIN, left.as_millis() as i64).expect("poll");
            assert!(ready > 0, "no {kind} came");
            let mut frames = self.socket.recv_multipart(0).expect("a message");
            self.route = frames.remove(0);
            let header = frames.remove(0);
            let incoming = Incoming { header, payloads: frames };
            if incoming.message().kind() == kind {
                return incoming;
            }
        }
    }

    pub fn say<'a>(&self, message: impl Into<Message<'a>>, payloads: &[&[u8]]) {
        let header = message.into().encode();
        let frames = [&self.route[..], &header].into_iter().chain(payloads.iter().copied());
        self.socket.send_multipart(frames, 0).expect("the worker is connected");
    }

    /// HELLO, WELCOME, REGISTER, REGISTERED. The pools that the worker offers.
    pub fn admit(&mut self) -> Vec<String> {
        self.expect(Kind::Hello);
        let limits = NamedValues(vec![("payload_bytes_max", 64 << 20)]);
        let intervals = NamedValues(vec![("heartbeat_ms", self.heartbeat_ms), ("silence_ms", 5000)]);
        let (epoch, session, sent_ms) = (self.epoch, self.session(), self.clock_ms());
        self.say(
            Welcome { version: 1, epoch, session, peer: 1, mac: None, limits, intervals, pid: 1, sent_ms },
            &[],
        );
        let register = self.expect(Kind::Register);
        let Message::Register(register) = register.message() else { unreachable!("it is a REGISTER") };
        assert_eq!(register.session, session);
        let settings = NamedValues(vec![("overrun_grace_ms", self.overrun_grace_ms)]);
        let terms = |offer: &PoolOffer<'_>| offer.pool.to_owned();
        let names: Vec<String> = register.pools.iter().map(terms).collect();
        let pools = names.iter().map(|pool| PoolTerms { pool, settings: settings.clone() }).collect();
        self.say(Registered { session, worker: 1, pools }, &[]);
        // A job that is answered before it begins shows that REGISTERED was read.
        self.give(&[(0, b"")], 0);
        let offered = names.iter().any(|name| name == "default");
        let end = if offered { WorkerEnd::Expired } else { WorkerEnd::Returned };
        assert_eq!(self.answer().end, end);
        names
    }

    /// One message with these jobs of the pool `default`.
    pub fn give(&self, jobs: &[(u64, &[u8])], remaining_ms: u64) {
        let entry = |(call, _): &(u64, &[u8])| JobEntry {
            job: JobId::new(1, *call),
            attempt: 1,
            pool: "default",
            remaining_ms,
            flags: FLAG_ONCE,
            headers: NamedValues(vec![("traceparent", Bytes(b"00-1"))]),
        };
        let payloads: Vec<&[u8]> = jobs.iter().map(|(_, payload)| *payload).collect();
        let (session, sent_ms) = (self.session(), self.clock_ms());
        self.say(Jobs { session, sent_ms, jobs: jobs.iter().map(entry).collect() }, &payloads);
    }

    pub fn cancel(&self, call: u64) {
        let jobs = vec![JobAttempt { job: JobId::new(1, call), attempt: 1 }];
        self.say(Cancel { session: self.session(), jobs }, &[]);
    }

    /// Waits for the next answer to one job.
    pub fn answer(&mut self) -> Answer {
        let incoming = self.expect(Kind::Replies);
        let Message::Replies(replies) = incoming.message() else { unreachable!("it is a REPLIES") };
        assert_eq!(replies.replies.len(), 1);
        let reply = &replies.replies[0];
        Answer {
            call: reply.job.call(),
            end: reply.end,
            code: reply.code.to_owned(),
            text: reply.text.to_owned(),
            payload: incoming.payloads[0].clone(),
            headers: reply
                .headers
                .0
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.0.to_vec()))
                .collect(),
        }
    }

    /// QUIET, QUIETED, BYE.
    pub fn see_off(&mut self) {
        self.expect(Kind::Quiet);
        self.say(Quieted { session: self.session() }, &[]);
        self.expect(Kind::Bye);
    }
}
