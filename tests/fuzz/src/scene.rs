//! A desk, four connections, callers in its process, and a clock that the input moves.

use crate::input::Input;
use crate::peers::{Packet, Peers};
use bytes::Bytes;
use powerhose::WorkerExit;
use powerhose::desk::{
    Action, Clock, Desk, Event, Identity, PoolSettings, Repeat, Route, Settings, Submission,
};
use powerhose_protocol::decode;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 4;
const POOLS: [&str; 3] = ["default", "sign", "other"];

pub(crate) struct Scene<'a> {
    input: Input<'a>,
    desk: Desk,
    now: Instant,
    peers: Peers,
    calls: u64,
    pending: BTreeSet<u64>,
    last: Option<Packet>,
    closed: bool,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Scene<'a> {
        let mut input = Input::new(data);
        let now = Instant::now();
        let identity = Identity { pid: 1, host: "here".to_owned() };
        let desk = Desk::new(settings(input.byte()), identity, 7, now);
        Scene {
            input,
            desk,
            now,
            peers: Peers::default(),
            calls: 0,
            pending: BTreeSet::new(),
            last: None,
            closed: false,
        }
    }

    /// One event; tells whether there are bytes for another.
    pub(crate) fn step(&mut self) -> bool {
        if self.input.is_empty() {
            return false;
        }
        let route = self.input.below(CONNECTIONS) as u64;
        match self.input.below(16) {
            0 => self.raw(route),
            1..=6 => {
                let packet = self.peers.say(route, &mut self.input);
                self.receive(route, packet);
            }
            7 => self.damaged(route),
            8 | 9 => self.submit(),
            10 => {
                let call = 1 + u64::from(self.input.byte()) % self.calls.max(1);
                self.pending.remove(&call);
                self.event(Event::Abandon { call });
            }
            11 => self.event(Event::Suspected { route: Route::new(0, route) }),
            12 => self.event(Event::Ended { route: Route::new(0, route) }),
            13 => self.process(),
            _ => self.pass(),
        }
        true
    }

    /// All that is left ends when the master is closed.
    pub(crate) fn end(mut self) {
        self.event(Event::Close { within: Duration::ZERO });
        for _ in 0..100 {
            if self.closed {
                break;
            }
            self.now += Duration::from_secs(1);
            self.desk.handle_timeout(self.now);
            self.act();
        }
        assert!(self.closed, "a master that is to close at once has not closed");
        assert!(self.pending.is_empty(), "calls without an end: {:?}", self.pending);
    }

    fn raw(&mut self, route: u64) {
        let length = self.input.below(64);
        let header = self.input.bytes(length).to_vec();
        let payloads = vec![Bytes::new(); self.input.below(3)];
        self.receive(route, Packet { header, payloads });
    }

    /// What was said last once more, with one byte changed.
    fn damaged(&mut self, route: u64) {
        let Some(mut packet) = self.last.take() else { return };
        let place = usize::from(self.input.byte());
        let bits = self.input.byte();
        if let Some(place) = place.checked_rem(packet.header.len()) {
            packet.header[place] ^= bits;
        }
        if self.input.below(8) == 0 {
            packet.payloads.pop();
        }
        self.receive(route, packet);
    }

    fn receive(&mut self, route: u64, packet: Packet) {
        let mut payloads = packet.payloads.clone();
        let (route, header) = (Route::new(0, route), &packet.header[..]);
        self.event(Event::Received { route, header, payloads: &mut payloads });
        self.last = Some(packet);
    }

    fn submit(&mut self) {
        self.calls += 1;
        let submission = Submission {
            pool: self.input.one_of(&POOLS).into(),
            payload: vec![0; self.input.below(200)].into(),
            headers: Default::default(),
            timeout: Some(Duration::from_millis(1 + u64::from(self.input.byte()))),
            attempts_max: Some(1 + self.input.below(3) as u32),
            clock: Clock::FromSubmission,
            repeat: if self.input.is_odd() { Repeat::Never } else { Repeat::Allowed },
        };
        self.pending.insert(self.calls);
        self.event(Event::Submit { call: self.calls, submission });
    }

    fn process(&mut self) {
        let pid = 1 + self.input.below(4) as u32;
        if self.input.is_odd() {
            self.event(Event::Supervised { pid });
        } else {
            self.event(Event::Exited { pid, exit: WorkerExit::Signal(9) });
        }
    }

    fn pass(&mut self) {
        let time = Duration::from_millis(u64::from(self.input.two_bytes()));
        self.now += time;
        self.desk.handle_timeout(self.now);
        self.act();
    }

    fn event(&mut self, event: Event<'_>) {
        self.desk.handle(self.now, event);
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.desk.poll_action() {
            match action {
                Action::Send { route, header, payloads } => {
                    // What refuses an empty frame begins with one.
                    let behind = payloads.first().filter(|_| header.is_empty());
                    let (header, payloads) = match behind {
                        Some(reject) => (reject.as_ref(), payloads.len() - 1),
                        None => (header.as_slice(), payloads.len()),
                    };
                    let message = decode(header, payloads).expect("a master writes what can be read");
                    self.peers.hear(route.number, &message);
                }
                Action::Complete { call, outcome } => {
                    assert!(self.pending.remove(&call), "call {call} ends again: {outcome:?}");
                }
                Action::Closed => self.closed = true,
                Action::Cut { .. } | Action::Notify(_) => {}
            }
        }
        self.desk.check_invariants();
    }
}

/// Small bounds, so that a short input reaches them.
fn settings(choice: u8) -> Settings {
    let mut settings = Settings::default();
    settings.queue_jobs_max = 6;
    settings.queue_bytes_max = 600;
    settings.workers_max = 3;
    settings.clients_max = 2;
    settings.pools_max = 4;
    settings.batch_jobs_max = 2;
    settings.payload_bytes_max = 150;
    if choice % 2 == 1 {
        let sign = PoolSettings::new().run_time_soft(Duration::from_millis(10), 1);
        settings.pools = vec![("sign".to_owned(), sign), ("other".to_owned(), PoolSettings::new().credit(3))];
    }
    settings
}
