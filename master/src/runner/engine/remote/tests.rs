//! The client's loop over a wire in memory, turned by hand, with a test for its master.

use super::{ClientLoop, Greeted};
use crate::client::{ClientMachine, ClientSettings};
use crate::runner::engine::turning::{Turn, Turning};
use crate::wires::clock;
use crate::wires::dealer::Dealer;
use bytes::Bytes;
use crossbeam_channel::Receiver;
use powerhose_protocol::{Message, NamedValues, Welcome, decode};
use powerhose_wires::memory::{self, Place};
use powerhose_wires::{Listener, Route, Wakeup};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Whatever a test waits for comes in much less.
const SOON: Duration = Duration::from_secs(20);

struct Stage {
    place: Place,
    master: memory::Router,
    client: ClientLoop,
    greeted: Receiver<Greeted>,
    wakeup: Arc<Wakeup>,
}

impl Stage {
    fn new() -> Stage {
        let place = Place::new();
        let master = place.listen().expect("a place");
        let wakeup = Arc::new(Wakeup::new().expect("a descriptor"));
        let link = Box::new(place.connect().expect("a place"));
        let dealer = Dealer::over(link, wakeup.clone()).expect("its descriptors are open");
        let machine = ClientMachine::new(ClientSettings::default(), None, clock::now());
        let (_, commands) = crossbeam_channel::unbounded();
        let (ready, greeted) = crossbeam_channel::bounded(1);
        let client = ClientLoop::new(dealer, machine, commands, wakeup.clone(), ready);
        Stage { place, master, client, greeted, wakeup }
    }

    /// Turns the client until the master hears something.
    fn hear(&mut self) -> (Route, Bytes) {
        let end = Instant::now() + SOON;
        loop {
            while self.client.turn() == Turn::Worked {}
            if let Some(received) = self.master.receive(&mut Vec::new()) {
                return (received.route, received.header);
            }
            assert!(Instant::now() < end, "the client says nothing");
        }
    }

    /// A connection over which the client says HELLO.
    fn greeting(&mut self) -> Route {
        let (route, header) = self.hear();
        assert!(matches!(decode(&header, 0), Ok(Message::Hello(_))));
        route
    }

    fn welcome(&mut self, route: Route, session: u64) {
        let limits = NamedValues(Vec::new());
        let intervals = NamedValues(Vec::new());
        let welcome = Welcome {
            version: 1,
            epoch: 1,
            session,
            mac: None,
            limits,
            intervals,
            pid: 1,
            peer: 1,
            sent_ms: 0,
        };
        self.master.send(route, &Message::Welcome(welcome).encode(), &[]).expect("it is there");
    }
}

#[test]
fn a_client_greets_whoever_listens_and_is_welcomed() {
    let mut stage = Stage::new();
    let route = stage.greeting();
    stage.welcome(route, 7);
    assert_eq!(stage.client.turn(), Turn::Worked);
    assert!(matches!(stage.greeted.try_recv(), Ok(Greeted::Welcomed)));
}

#[test]
fn a_client_whose_connection_ended_greets_over_the_next() {
    let mut stage = Stage::new();
    let route = stage.greeting();
    stage.welcome(route, 7);
    stage.master.cut(route);
    assert_ne!(stage.greeting(), route);
}

#[test]
fn a_client_finds_the_next_master() {
    let mut stage = Stage::new();
    let route = stage.greeting();
    stage.welcome(route, 7);
    stage.master = stage.place.listen().expect("a place");
    stage.greeting();
}

#[test]
fn a_client_that_sleeps_is_woken_by_its_master_and_by_its_callers() {
    let mut stage = Stage::new();
    let route = stage.greeting();
    stage.welcome(route, 7);
    // What is there, nobody sleeps over.
    stage.client.sleep(Some(Instant::now() + SOON));
    while stage.client.turn() == Turn::Worked {}
    std::thread::scope(|scope| {
        let wakeup = &stage.wakeup;
        wakeup.announce_sleep();
        scope.spawn(|| wakeup.wake());
        stage.client.sleep(Some(Instant::now() + SOON));
    });
}
