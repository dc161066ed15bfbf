//! How connections end, and what the other end is told.

use super::place::Place;
use super::{A_WHILE, connect, ended, large, receive, until};
use powerhose_wires::{Failure, Gone, NotConnected};
use powerhose_wires::{Link as _, Listener as _};
use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, InvalidData, NotFound, UnexpectedEof};
use std::io::Write;
use std::thread;

over_both_wires! {
    an_end_is_told_after_the_last_message,
    what_is_cut_off_connects_again_on_another_route,
    a_dealer_outlives_its_router,
    what_waits_when_a_socket_is_dropped_is_still_sent,
    a_peer_that_stopped_is_found,
    what_was_sent_last_arrives_although_not_all_was_read,
    why_there_is_no_connection_can_be_asked_for,
}

fn an_end_is_told_after_the_last_message(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    for number in 0..100 {
        assert_eq!(dealer.send(&[number], &[]), Ok(()));
    }
    drop(dealer);
    let mut route = None;
    for number in 0..100 {
        let (received, _) = receive(&mut router);
        assert_eq!(&received.header[..], [number]);
        route = Some(received.route);
    }
    let route = route.expect("there were some");
    assert_eq!(ended(&mut router), [route]);
    assert_eq!(router.send(route, b"late", &[]), Err(Gone));
    assert!(!router.has_more());
}

fn what_is_cut_off_connects_again_on_another_route(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    let mut routes = Vec::new();
    for _ in 0..3 {
        connect(&mut dealer, &mut router);
        assert_eq!(dealer.send(b"here", &[]), Ok(()));
        let (received, _) = receive(&mut router);
        assert!(!routes.contains(&received.route), "routes are not used again");
        router.cut(received.route);
        assert_eq!(router.take_ended().collect::<Vec<_>>(), [received.route]);
        until("the end", || {
            assert_eq!(dealer.receive(&mut Vec::new()), None);
            dealer.take_ended().then_some(())
        });
        assert_eq!(dealer.send(b"nobody", &[]), Err(NotConnected));
        routes.push(received.route);
    }
}

fn a_dealer_outlives_its_router(place: &Place) {
    let mut dealer = place.dealer();
    for _ in 0..3 {
        let mut router = place.router();
        until("a connection", || {
            dealer.sleep(A_WHILE);
            assert_eq!((dealer.receive(&mut Vec::new()), router.receive(&mut Vec::new())), (None, None));
            dealer.is_connected().then_some(())
        });
        drop(router);
        until("its end", || {
            dealer.sleep(A_WHILE);
            assert_eq!(dealer.receive(&mut Vec::new()), None);
            dealer.take_ended().then_some(())
        });
        place.clear();
    }
}

fn what_waits_when_a_socket_is_dropped_is_still_sent(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    // More than the system keeps for a peer that does not read.
    let mut sent = 0;
    while !dealer.has_unsent() {
        assert_eq!(dealer.send(b"to the router", &[large()]), Ok(()));
        sent += 1;
    }
    let dropping = thread::spawn(move || drop(dealer));
    let mut routes = Vec::new();
    for _ in 0..sent {
        let (received, payloads) = receive(&mut router);
        assert!(payloads == [large()]);
        routes = vec![received.route];
    }
    dropping.join().expect("it does not panic");
    assert_eq!(ended(&mut router), routes);

    let mut dealer = place.dealer();
    connect(&mut dealer, &mut router);
    assert_eq!(dealer.send(b"here", &[]), Ok(()));
    let route = receive(&mut router).0.route;
    for _ in 0..sent {
        assert_eq!(router.send(route, b"to the dealer", &[large()]), Ok(()));
    }
    let dropping = thread::spawn(move || drop(router));
    for _ in 0..sent {
        let mut payloads = Vec::new();
        let header = until("the message", || {
            dealer.sleep(A_WHILE);
            dealer.receive(&mut payloads)
        });
        assert!(&header[..] == b"to the dealer" && payloads == [large()]);
    }
    dropping.join().expect("it does not panic");
}

/// As one whose machine has vanished: nothing comes from it, not even an end.
fn a_peer_that_stopped_is_found(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    let mut stopped = place.stream();
    stopped.write_all(&[&Place::opening()[..], b"\x00\x06header"].concat()).expect("somebody listens");
    let route = receive(&mut router).0.route;
    let ended = until("its end", || {
        router.sleep(A_WHILE);
        assert_eq!((dealer.receive(&mut Vec::new()), router.receive(&mut Vec::new())), (None, None));
        let ended: Vec<_> = router.take_ended().collect();
        (!ended.is_empty()).then_some(ended)
    });
    assert_eq!(ended, [route]);
    assert!(dealer.is_connected() && !dealer.take_ended(), "who answers stays");
}

fn what_was_sent_last_arrives_although_not_all_was_read(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    assert_eq!(dealer.send(b"here", &[]), Ok(()));
    let route = receive(&mut router).0.route;
    assert_eq!(dealer.send(b"not read", &[]), Ok(()));
    // So much that some of it is still on its way when the router has handed over all.
    for _ in 0..4 {
        assert_eq!(router.send(route, b"last", &[large()]), Ok(()));
    }
    let dropping = thread::spawn(move || drop(router));
    for _ in 0..4 {
        let mut payloads = Vec::new();
        let header = until("the message", || {
            dealer.sleep(A_WHILE);
            dealer.receive(&mut payloads)
        });
        assert!(&header[..] == b"last" && payloads == [large()]);
    }
    dropping.join().expect("it does not panic");
}

fn why_there_is_no_connection_can_be_asked_for(place: &Place) {
    let mut dealer = place.dealer();
    let mut why = |expected: &[std::io::ErrorKind]| {
        let kind = until("a failure", || {
            dealer.sleep(A_WHILE);
            assert_eq!(dealer.receive(&mut Vec::new()), None);
            dealer.last_failure().map(Failure::kind).filter(|kind| expected.contains(kind))
        });
        let failure = dealer.last_failure().expect("it stays");
        assert!(failure.to_string().starts_with(&format!("{}: ", place.address())), "{failure} ({kind})");
    };
    // Nothing is at the path, or nobody listens at the port.
    why(&[NotFound, ConnectionRefused]);
    let listener = place.listener();
    let listening = thread::spawn(move || {
        drop(listener.accept());
        let mut stream = listener.accept();
        stream.write_all(b"HTTP/1.1 400 Bad Request").expect("the dealer");
        stream
    });
    // It hears the end, or that what it said was not read.
    why(&[UnexpectedEof, ConnectionReset]);
    why(&[InvalidData]);
    listening.join().expect("it does not panic");
}
