//! Routers and dealers over real sockets, with one another and with libzmq's: each test over a unix socket and over TCP.

mod place;

use bytes::Bytes;
use place::SOON;
use powerhose_wires::{Dealer, Received, Route, Router};
use powerhose_wires::{Link as _, Listener as _};
use std::time::{Duration, Instant};

/// Makes two tests of each function, one a wire.
macro_rules! over_both_wires {
    ($($name:ident,)*) => {
        mod over_unix {
            $(#[test] fn $name() { super::$name(&super::Place::unix()) })*
        }

        mod over_tcp {
            $(#[test] fn $name() { super::$name(&super::Place::tcp()) })*
        }
    };
}

mod bounds;
mod ending;
mod talking;
mod tcp;

const A_WHILE: Option<Duration> = Some(Duration::from_millis(10));
const LARGE: usize = 3 << 20;

/// Lets both ends work until there is something to return.
fn until<T>(what: &str, mut step: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + SOON;
    loop {
        match step() {
            Some(found) => return found,
            None => assert!(Instant::now() < end, "waited in vain for {what}"),
        }
    }
}

/// The next message that comes to a router.
fn receive(router: &mut Router) -> (Received, Vec<Bytes>) {
    let mut payloads = Vec::new();
    let received = until("a message", || {
        let received = router.receive(&mut payloads);
        if received.is_none() {
            router.sleep(A_WHILE);
        }
        received
    });
    (received, payloads)
}

/// The next message that comes to a dealer, while its router works too.
fn hear(dealer: &mut Dealer, router: &mut Router) -> (Bytes, Vec<Bytes>) {
    let mut payloads = Vec::new();
    let header = until("a message", || {
        assert_eq!(router.receive(&mut Vec::new()), None);
        dealer.receive(&mut payloads)
    });
    (header, payloads)
}

fn connect(dealer: &mut Dealer, router: &mut Router) {
    until("a connection", || {
        assert_eq!((dealer.receive(&mut Vec::new()), router.receive(&mut Vec::new())), (None, None));
        dealer.is_connected().then_some(())
    });
}

fn ended(router: &mut Router) -> Vec<Route> {
    until("an end", || {
        router.sleep(A_WHILE);
        assert_eq!(router.receive(&mut Vec::new()), None);
        let ended: Vec<_> = router.take_ended().collect();
        (!ended.is_empty()).then_some(ended)
    })
}

fn large() -> Bytes {
    (0..LARGE).map(|place| place as u8).collect::<Vec<_>>().into()
}

/// What a dealer opens with, turned into what a router does.
fn as_router(opening: &[u8]) -> Vec<u8> {
    let place = opening.windows(6).position(|name| name == b"DEALER").expect("its kind");
    [&opening[..place], b"ROUTER", &opening[place + 6..]].concat()
}
