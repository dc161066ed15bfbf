//! What holds whatever happens, tried with random events.

use super::bench::{Bench, SESSION, attempt};
use powerhose_protocol::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Something that can happen to a worker. Sessions are counted from [`SESSION`] on.
#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    StandStill(u64),
    Welcome,
    Registered,
    Jobs { age: u64, count: u64, remaining_ms: u64, late_ms: u64 },
    Cancel(u64),
    Recall(u64),
    Unknown,
    Bye,
    Quieted,
    Garbage(Vec<u8>),
    Disconnect,
    Connect,
    Next,
    Finish,
    Leave,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3000_u64).prop_map(Event::Pass),
        1 => (0..40_000_u64).prop_map(Event::StandStill),
        4 => Just(Event::Welcome),
        4 => Just(Event::Registered),
        8 => (0..2_u64, 1..6_u64, 0..4000_u64, 0..9000_u64)
            .prop_map(|(age, count, remaining_ms, late_ms)| Event::Jobs { age, count, remaining_ms, late_ms }),
        2 => (0..40_u64).prop_map(Event::Cancel),
        2 => (0..40_u64).prop_map(Event::Recall),
        1 => Just(Event::Unknown),
        1 => Just(Event::Bye),
        1 => Just(Event::Quieted),
        1 => proptest::collection::vec(any::<u8>(), 0..20).prop_map(Event::Garbage),
        1 => Just(Event::Disconnect),
        2 => Just(Event::Connect),
        8 => Just(Event::Next),
        8 => Just(Event::Finish),
        1 => Just(Event::Leave),
    ]
}

/// What is known about each job that was given.
struct Book {
    bench: Bench,
    /// The session of the last WELCOME that was taken.
    session: u64,
    /// By call: its session.
    given: BTreeMap<u64, u64>,
    answered: BTreeMap<u64, WorkerEnd>,
    running: Option<u64>,
}

impl Book {
    fn happen(&mut self, event: Event) {
        let bench = &mut self.bench;
        match event {
            Event::Pass(milliseconds) => bench.pass(milliseconds),
            Event::StandStill(milliseconds) => {
                bench.now += std::time::Duration::from_millis(milliseconds);
                bench.machine.handle_timeout(bench.now);
                bench.act();
            }
            Event::Welcome => {
                if !bench.machine.has_session() && bench.ending().is_none() {
                    self.session += 1;
                    bench.welcome(self.session);
                }
            }
            Event::Registered => bench.registered_in(self.session),
            Event::Jobs { age, count, remaining_ms, late_ms } => {
                let session = self.session.saturating_sub(age);
                let first = self.given.keys().next_back().map_or(1, |last| last + 1);
                let calls: Vec<u64> = (first..first + count).collect();
                self.given.extend(calls.iter().map(|call| (*call, session)));
                let sent_ms = bench.clock_ms().saturating_sub(late_ms);
                bench.give_in(session, sent_ms, &calls, remaining_ms);
            }
            Event::Cancel(call) => bench.hear(Cancel { session: self.session, jobs: vec![attempt(call)] }),
            Event::Recall(call) => bench.hear(Recall { session: self.session, jobs: vec![attempt(call)] }),
            Event::Unknown => bench.hear(Unknown { epoch: 1 }),
            Event::Bye => bench.hear(Bye { session: self.session, code: "closing", text: "" }),
            Event::Quieted => bench.hear(Quieted { session: self.session }),
            Event::Garbage(bytes) => bench.machine.handle(bench.now, &bytes, &mut Vec::new()),
            Event::Disconnect => bench.connected = false,
            Event::Connect => {
                bench.connected = true;
                bench.machine.handle_connected(bench.now);
            }
            Event::Next => self.begin(),
            Event::Finish => {
                if self.running.take().is_some() {
                    bench.finish(b"reply");
                }
            }
            Event::Leave => bench.machine.leave(bench.now),
        }
        self.bench.act();
        self.read();
    }

    fn begin(&mut self) {
        let next = self.bench.next_call();
        if let Some(call) = next {
            assert_eq!(self.running, None, "a job began while another ran");
            assert_eq!(self.given[&call], self.session, "a job of a foreign session began");
            assert!(!self.answered.contains_key(&call), "an answered job began");
            self.running = next;
        }
    }

    fn read(&mut self) {
        for (call, end) in self.bench.ends() {
            assert_eq!(self.given[&call], self.session, "a job of a foreign session was answered");
            assert_eq!(self.answered.insert(call, end), None, "a job was answered twice");
            assert_ne!(self.running, Some(call), "a running job was answered");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_job_is_answered_twice_and_none_of_a_foreign_session_begins(events in proptest::collection::vec(event(), 1..150)) {
        let mut book = Book {
            bench: Bench::new(),
            session: SESSION,
            given: BTreeMap::new(),
            answered: BTreeMap::new(),
            running: None,
        };
        for event in events {
            book.happen(event);
        }
    }

    #[test]
    fn in_an_undisturbed_session_every_job_is_answered_once(counts in proptest::collection::vec(1..4_u64, 1..20)) {
        let mut bench = Bench::registered();
        let mut given = 0;
        let mut answered = 0;
        for count in counts {
            let calls: Vec<u64> = (given + 1..=given + count).collect();
            given += count;
            bench.give(&calls, 500);
            bench.hear(Cancel { session: SESSION, jobs: vec![attempt(given)] });
            if bench.next().is_some() {
                bench.pass(200);
                bench.hear_heartbeat(1);
                bench.finish(b"reply");
            }
            answered += bench.ends().len() as u64;
        }
        while bench.next().is_some() {
            bench.finish(b"reply");
        }
        answered += bench.ends().len() as u64;
        prop_assert_eq!(answered, given);
    }
}
