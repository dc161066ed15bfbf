//! A worker's socket and machine over a wire in memory, with a test for their master.

use super::Io;
use crate::machine::{Ending, PoolSettings, Settings};
use crate::stop::StopWatch;
use powerhose_protocol::{Message, decode};
use powerhose_wires::memory::{self, Place};
use powerhose_wires::{Listener, Route};
use std::sync::Arc;
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

fn open<'a>(place: &Place, stop: &'a StopWatch) -> Io<'a> {
    let link = Box::new(place.connect().expect("a place"));
    Io::open(link, settings(), stop, Arc::default()).expect("its descriptors are open")
}

/// The worker waits and turns until its master hears a HELLO.
fn greeting(io: &mut Io<'_>, master: &mut memory::Router) -> Route {
    let end = Instant::now() + SOON;
    loop {
        if let Some(received) = master.receive(&mut Vec::new()) {
            assert!(matches!(decode(&received.header, 0), Ok(Message::Hello(_))));
            return received.route;
        }
        assert!(Instant::now() < end, "the worker says nothing");
        io.wait();
        io.turn(Instant::now());
    }
}

#[test]
fn a_worker_greets_whoever_listens_and_the_next_who_does() {
    let (place, stop) = (Place::new(), StopWatch::new().expect("a descriptor"));
    let mut master = place.listen().expect("a place");
    let mut io = open(&place, &stop);
    greeting(&mut io, &mut master);
    let mut next = place.listen().expect("a place");
    greeting(&mut io, &mut next);
}

#[test]
fn a_worker_that_is_cut_off_greets_again() {
    let (place, stop) = (Place::new(), StopWatch::new().expect("a descriptor"));
    let mut master = place.listen().expect("a place");
    let mut io = open(&place, &stop);
    let route = greeting(&mut io, &mut master);
    master.cut(route);
    assert_ne!(greeting(&mut io, &mut master), route);
}

#[test]
fn a_worker_that_waits_is_woken_to_leave() {
    let (place, stop) = (Place::new(), StopWatch::new().expect("a descriptor"));
    let mut io = open(&place, &stop);
    let handle = stop.handle();
    let end = Instant::now() + SOON;
    thread::scope(|scope| {
        scope.spawn(move || handle.stop());
        while io.machine.ending().is_none() {
            assert!(Instant::now() < end, "it waits on");
            io.wait();
            io.turn(Instant::now());
        }
    });
    assert!(matches!(io.machine.ending(), Some(Ending::Left)));
}
