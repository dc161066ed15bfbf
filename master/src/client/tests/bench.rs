//! The client's machine with a test for its master and its clock.

use crate::client::{ClientAction, ClientMachine, ClientSettings};
use crate::common::Headers;
use crate::common::{Clock, Outcome, Repeat, Submission};
use crate::wires::clock;
use bytes::Bytes;
use powerhose_protocol::{
    Credentials, JobEnd, Message, MessageHeaders, NamedValues, OutcomeEntry, Outcomes, Welcome, decode,
};
use std::time::{Duration, Instant};

pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const PAYLOAD_BYTES_MAX: u64 = 1000;
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);
pub(super) const SESSION: u64 = 7;

/// A client's machine whose master and clock are the test.
pub(super) struct Bench {
    pub(super) machine: ClientMachine,
    pub(super) now: Instant,
}

impl Bench {
    pub(super) fn new(settings: ClientSettings) -> Bench {
        Bench::with(settings, None)
    }

    pub(super) fn with(settings: ClientSettings, credentials: Option<Credentials>) -> Bench {
        let now = clock::now();
        Bench { machine: ClientMachine::new(settings, credentials, now), now }
    }

    pub(super) fn connected() -> Bench {
        let mut bench = Bench::new(ClientSettings::default());
        bench.welcome(SESSION);
        bench.actions();
        bench
    }

    pub(super) fn hear(&mut self, message: &Message<'_>, mut payloads: Vec<Bytes>) {
        self.machine.receive(self.now, &message.encode(), &mut payloads);
    }

    pub(super) fn welcome(&mut self, session: u64) {
        self.welcome_proved(session, None);
    }

    pub(super) fn welcome_proved(&mut self, session: u64, mac: Option<&[u8]>) {
        let limits = NamedValues(vec![
            ("payload_bytes_max", PAYLOAD_BYTES_MAX),
            ("batch_jobs_max", 3),
            ("batch_bytes_max", 1500),
        ]);
        let welcome = Welcome {
            version: 1,
            epoch: 1,
            session,
            mac: mac.map(powerhose_protocol::Bytes),
            limits,
            intervals: NamedValues(vec![("heartbeat_ms", HEARTBEAT.as_millis() as u64)]),
            pid: 1,
            peer: session,
            sent_ms: 0,
        };
        self.hear(&Message::Welcome(welcome), Vec::new());
    }

    pub(super) fn submit(&mut self, call: u64, payload: &[u8]) {
        let submission = Submission {
            pool: "default".into(),
            payload: Bytes::copy_from_slice(payload),
            headers: Headers::default(),
            timeout: Some(TIMEOUT),
            attempts_max: None,
            clock: Clock::FromSubmission,
            repeat: Repeat::Allowed,
        };
        self.machine.submit(self.now, call, submission, self.now + TIMEOUT);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.machine.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.machine.handle_timeout(self.now);
        }
        self.now = until;
    }

    /// What is to be done since the last look. As in its loop, time acts first.
    pub(super) fn actions(&mut self) -> Vec<ClientAction> {
        self.machine.handle_timeout(self.now);
        std::iter::from_fn(|| self.machine.poll_action()).collect()
    }

    /// The messages that were sent since the last look: their header frames, and how many payload frames each has.
    pub(super) fn sent(&mut self) -> Vec<(Vec<u8>, usize)> {
        let sent = self.actions().into_iter().filter_map(|action| match action {
            ClientAction::Send { header, payloads } => Some((header, payloads.len())),
            _ => None,
        });
        sent.collect()
    }

    /// The calls that EXECUTE messages have taken since the last look, a list a message.
    pub(super) fn executed(&mut self) -> Vec<Vec<u64>> {
        let calls = self.sent().into_iter().filter_map(|(header, payloads)| {
            match decode(&header, payloads).expect("a client writes what can be read") {
                Message::Execute(execute) => Some(execute.calls.iter().map(|entry| entry.call).collect()),
                _ => None,
            }
        });
        calls.collect()
    }

    pub(super) fn kinds(&mut self) -> Vec<String> {
        let kinds = self.sent().into_iter().map(|(header, payloads)| {
            decode(&header, payloads).expect("a client writes what can be read").kind().to_string()
        });
        kinds.collect()
    }

    pub(super) fn ends(&mut self) -> Vec<(u64, Outcome)> {
        let ends = self.actions().into_iter().filter_map(|action| match action {
            ClientAction::Complete { call, outcome, .. } => Some((call, outcome)),
            _ => None,
        });
        ends.collect()
    }

    #[track_caller]
    pub(super) fn end(&mut self) -> (u64, Outcome) {
        let mut ends = self.ends();
        assert_eq!(ends.len(), 1, "exactly one call was to end: {ends:?}");
        ends.remove(0)
    }

    pub(super) fn outcome(&mut self, session: u64, call: u64, reply: &'static [u8]) {
        let entry = OutcomeEntry {
            call,
            end: JobEnd::Done,
            may_have_run: true,
            attempts: 1,
            worker: Some(3),
            wait_us: 1,
            run_us: 2,
            code: "",
            text: "",
            headers: MessageHeaders::default(),
            detail: None,
        };
        let outcomes = Outcomes { session, outcomes: vec![entry] };
        self.hear(&Message::Outcomes(outcomes), vec![Bytes::from_static(reply)]);
    }
}
