//! A worker's socket and machine over a wire in memory, with a test for their master.

use super::Io;
use crate::machine::{Ending, PoolSettings, Settings};
use crate::stop::StopWatch;
use powerhose_protocol::{Message, decode};
use powerhose_wires::memory::{self, Place};
use powerhose_wires::{Listener, Route};
use std::thread;
use std::time::{Duration, Instant};

/// Whatever a test waits for comes in much less.
const SOON: Duration = Duration::from_secs(20);

fn settings() -> Settings {
    Settings {
        pools: vec![PoolSettings { name: "sign".to_owned(), credit_max: 1 }],
        software: "test/1".to_owned(),
        host: "host".to_owned(),
        instance: "instance".to_owned(),
        pid: 42,
        labels: Vec::new(),
        credentials: None,
        silence_max: SOON,
    }
}

fn open(place: &Place) -> Io {
    let link = Box::new(place.connect().expect("a place"));
    let stop = StopWatch::new().expect("a descriptor");
    Io::open(link, settings(), stop).expect("its descriptors are open")
}

/// The worker waits and turns until its master hears a HELLO.
fn greeting(io: &mut Io, master: &mut memory::Router) -> Route {
    let end = Instant::now() + SOON;
    loop {
        if let Some(received) = master.receive(&mut Vec::new()) {
            assert!(matches!(decode(&received.header, 0), Ok(Message::Hello(_))));
            return received.route;
        }
        assert!(Instant::now() < end, "the worker says nothing");
        io.wait(None);
        io.turn(Instant::now());
    }
}

#[test]
fn a_worker_greets_whoever_listens_and_the_next_who_does() {
    let place = Place::new();
    let mut master = place.listen().expect("a place");
    let mut io = open(&place);
    greeting(&mut io, &mut master);
    let mut next = place.listen().expect("a place");
    greeting(&mut io, &mut next);
}

#[test]
fn a_worker_that_is_cut_off_greets_again() {
    let place = Place::new();
    let mut master = place.listen().expect("a place");
    let mut io = open(&place);
    let route = greeting(&mut io, &mut master);
    master.cut(route);
    assert_ne!(greeting(&mut io, &mut master), route);
}

#[test]
fn a_worker_that_waits_is_woken_to_leave() {
    let place = Place::new();
    let mut io = open(&place);
    let handle = io.stop.handle();
    let end = Instant::now() + SOON;
    thread::scope(|scope| {
        scope.spawn(move || handle.stop());
        while io.machine.ending().is_none() {
            assert!(Instant::now() < end, "it waits on");
            io.wait(None);
            io.turn(Instant::now());
        }
    });
    assert!(matches!(io.machine.ending(), Some(Ending::Left)));
}
