//! Whatever peers do, in whatever order: nothing breaks, and every job ends exactly once.

use super::harness::*;
use crate::WorkerExit;
use crate::common::{PoolSettings, Repeat, Submission};
use crate::desk::{Event, Route};
use bytes::Bytes;
use powerhose_protocol::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// Connections that the steps choose from.
const CONNECTIONS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Hello { connection: usize, worker: bool },
    Register { connection: usize, both: bool, attentive: bool },
    Submit { other_pool: bool, milliseconds: u64, once: bool },
    Execute { connection: usize, call: u64, milliseconds: u64 },
    Abandon { place: usize },
    Answer { place: usize, end: u8, run_us: u64, again: bool },
    Say { connection: usize, what: u8 },
    Garbage { connection: usize, bytes: Vec<u8>, frames: usize },
    Spoiled { connection: usize, place: usize, byte: u8 },
    Suspect { connection: usize },
    Die { connection: usize },
    Exit,
    Pass { milliseconds: u64 },
    StandStill { milliseconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let connection = || 0..CONNECTIONS;
    prop_oneof![
        2 => (connection(), any::<bool>()).prop_map(|(connection, worker)| Step::Hello { connection, worker }),
        4 => (connection(), any::<bool>(), prop::bool::weighted(0.8))
            .prop_map(|(connection, both, attentive)| Step::Register { connection, both, attentive }),
        6 => (any::<bool>(), 1..5000u64, prop::bool::weighted(0.2))
            .prop_map(|(other_pool, milliseconds, once)| Step::Submit { other_pool, milliseconds, once }),
        3 => (connection(), 0..20u64, 1..5000u64)
            .prop_map(|(connection, call, milliseconds)| Step::Execute { connection, call, milliseconds }),
        1 => (0..50usize).prop_map(|place| Step::Abandon { place }),
        10 => (0..20usize, 0..6u8, 0..2000u64, prop::bool::weighted(0.2))
            .prop_map(|(place, end, run_us, again)| Step::Answer { place, end, run_us, again }),
        3 => (connection(), 0..8u8).prop_map(|(connection, what)| Step::Say { connection, what }),
        1 => (connection(), prop::collection::vec(any::<u8>(), 0..40), 0..3usize)
            .prop_map(|(connection, bytes, frames)| Step::Garbage { connection, bytes, frames }),
        2 => (connection(), 0..60usize, any::<u8>())
            .prop_map(|(connection, place, byte)| Step::Spoiled { connection, place, byte }),
        1 => connection().prop_map(|connection| Step::Suspect { connection }),
        1 => connection().prop_map(|connection| Step::Die { connection }),
        1 => Just(Step::Exit),
        4 => (0..1500u64).prop_map(|milliseconds| Step::Pass { milliseconds }),
        1 => (0..15_000u64).prop_map(|milliseconds| Step::StandStill { milliseconds }),
    ]
}

/// The peers of one run, and what they hold.
struct Scene {
    bench: Bench,
    connections: [Peer; CONNECTIONS],
    given: Vec<(Peer, Given)>,
    answered: Vec<(Peer, Given)>,
    open: BTreeSet<u64>,
    calls: Vec<u64>,
}

impl Scene {
    fn new() -> Scene {
        let mut bench = Bench::with(|settings| {
            let sign = PoolSettings::new().credit(3).run_time_soft(Duration::from_millis(1), 1);
            settings.pools = vec![("sign".into(), sign)];
            (settings.queue_jobs_max, settings.workers_max, settings.clients_max) = (8, 3, 2);
        });
        let connections = [(); CONNECTIONS].map(|()| Peer { route: bench.connect(), session: 0, number: 0 });
        let (given, answered, calls) = (Vec::new(), Vec::new(), Vec::new());
        Scene { bench, connections, given, answered, open: BTreeSet::new(), calls }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Hello { connection, worker } => {
                let role = if worker { ROLE_WORKER } else { ROLE_CLIENT };
                self.bench.hello(self.connections[connection].route, role);
            }
            Step::Register { connection, both, attentive } => {
                let pools: &[_] = if both { &["sign", "hash"] } else { &["sign"] };
                let registration = Registration { pid: 7, host: HOST, attentive, ..offers(pools) };
                self.bench.register(self.connections[connection], &registration);
            }
            Step::Submit { other_pool, milliseconds, once } => self.submit(other_pool, milliseconds, once),
            Step::Execute { connection, call, milliseconds } => {
                let timeout = Some(Duration::from_millis(milliseconds));
                let calls = [(call, Submission { timeout, ..job("sign") })];
                self.bench.execute_all(self.connections[connection], &calls);
            }
            Step::Abandon { place } => self.abandon(place),
            Step::Answer { place, end, run_us, again } => self.answer(place, end, run_us, again),
            Step::Say { connection, what } => self.say(self.connections[connection], what),
            Step::Garbage { connection, bytes, frames } => {
                let route = self.connections[connection].route;
                self.bench.say_bytes(route, &bytes, vec![Bytes::new(); frames]);
            }
            Step::Spoiled { connection, place, byte } => self.spoil(connection, place, byte),
            Step::Suspect { connection } => self.bench.suspect(self.connections[connection]),
            Step::Die { connection } => {
                self.bench.die(self.connections[connection]);
                let route = self.bench.connect();
                self.connections[connection] = Peer { route, session: 0, number: 0 };
            }
            Step::Exit => {
                self.bench.event(Event::Exited { pid: 7, exit: WorkerExit::Status(1) });
                self.bench.event(Event::Supervised { pid: 7 });
            }
            Step::Pass { milliseconds } => self.bench.pass(milliseconds),
            Step::StandStill { milliseconds } => {
                self.bench.stand_still(milliseconds);
                self.bench.pass(0);
            }
        }
        self.look();
    }

    fn submit(&mut self, other_pool: bool, milliseconds: u64, once: bool) {
        let call = self.bench.submit_job(Submission {
            timeout: Some(Duration::from_millis(milliseconds)),
            repeat: if once { Repeat::Never } else { Repeat::Allowed },
            ..job(if other_pool { "hash" } else { "sign" })
        });
        self.open.insert(call);
        self.calls.push(call);
    }

    fn abandon(&mut self, place: usize) {
        let Some(call) = self.calls.get(place).copied() else { return };
        self.bench.act();
        if self.open.contains(&call) && !self.bench.has_ended(call) {
            self.open.remove(&call);
        }
        self.bench.abandon(call);
    }

    /// Some answers come twice, some for jobs that are at others by now.
    fn answer(&mut self, place: usize, end: u8, run_us: u64, again: bool) {
        let list = if again { &mut self.answered } else { &mut self.given };
        if list.is_empty() {
            return;
        }
        let (peer, given) = list.remove(place % list.len());
        let end = match end {
            0 => WorkerEnd::Failed,
            1 => WorkerEnd::Returned,
            2 => WorkerEnd::Expired,
            3 => WorkerEnd::Cancelled,
            _ => WorkerEnd::Done,
        };
        self.bench.answer(peer, &given, Answer { end, run_us, ..Answer::default() });
        self.answered.push((peer, given));
    }

    fn say(&mut self, peer: Peer, what: u8) {
        let session = peer.session;
        let order = |verb| Control { session, id: 1, verb, selector: "all", within_ms: 500 };
        match what {
            0 => self.bench.say_quiet(peer),
            1 => self.bench.say_bye(peer),
            2 => self.bench.say(peer.route, Status { session, query: "workers" }),
            3 => self.bench.say(peer.route, order("drain")),
            4 => self.bench.say(peer.route, order("stop")),
            5 => self.bench.say(peer.route, order("resume")),
            6 => self.bench.say(peer.route, Abandon { session, calls: vec![1, 2, 3] }),
            _ => self.bench.beat(peer),
        }
    }

    /// A message that is right but for one byte.
    fn spoil(&mut self, connection: usize, place: usize, byte: u8) {
        let Peer { route, session, .. } = self.connections[connection];
        let pools = vec![PoolOffer { pool: "sign", credit_max: 2 }];
        let register = Register {
            session,
            pools,
            pid: 7,
            host: HOST,
            instance: "i",
            attentive: true,
            labels: NamedValues(Vec::new()),
        };
        let mut bytes = Message::from(register).encode();
        let place = place % bytes.len();
        bytes[place] = byte;
        self.bench.say_bytes(route, &bytes, Vec::new());
    }

    /// The peers read what they got.
    fn look(&mut self) {
        for place in 0..CONNECTIONS {
            let mut peer = self.connections[place];
            for sent in self.bench.heard_on(peer.route) {
                match sent {
                    Sent::Welcome(welcome) => {
                        peer = Peer { session: welcome.session, number: welcome.peer, ..peer };
                    }
                    Sent::Jobs(jobs) => self.given.extend(jobs.into_iter().map(|given| (peer, given))),
                    _ => {}
                }
            }
            self.connections[place] = peer;
        }
    }

    /// Every job that nobody gave up ends, and ends once.
    fn end(mut self) {
        self.bench.event(Event::Close { within: Duration::from_secs(3) });
        self.bench.pass(3000);
        assert_eq!(self.bench.closed(), 1);
        for call in std::mem::take(&mut self.open) {
            self.bench.outcome(call);
        }
        let ended = self.calls.iter().filter(|call| self.bench.has_ended(**call)).count();
        assert_eq!(ended, 0, "an end of a job that was given up, or a second end");
        let stats = self.bench.desk.stats();
        assert_eq!(stats.in_flight, 0);
        let ends =
            stats.done + stats.failed + stats.timed_out + stats.cancelled + stats.lost + stats.rejected;
        let refused_at_once = ends - stats.accepted;
        assert!(refused_at_once <= stats.rejected, "{stats:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_job_ends_once(steps in prop::collection::vec(step(), 1..100)) {
        let mut scene = Scene::new();
        scene.bench.event(Event::Supervised { pid: 7 });
        for step in steps {
            scene.take(step);
        }
        scene.end();
    }

    #[test]
    fn any_bytes_from_anybody_are_survived(
        messages in prop::collection::vec((0..3u64, prop::collection::vec(any::<u8>(), 0..80), 0..4usize), 1..60),
    ) {
        let mut bench = Bench::new();
        let worker = bench.worker("sign");
        bench.submit("sign");
        for (connection, bytes, frames) in messages {
            let route = if connection == 0 { worker.route } else { Route::new(0, 1000 + connection) };
            bench.say_bytes(route, &bytes, vec![Bytes::new(); frames]);
            bench.act();
        }
    }
}
