//! Routers and dealers over real sockets, with one another and with libzmq's: each test over a unix socket and over TCP.

mod place;
mod tcp;

use bytes::Bytes;
use place::{BOUNDS, Place, SOON};
use powerhose_protocol::Random;
use powerhose_wires::{Dealer, Failure, Gone, NotConnected, Received, Route, Router};
use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, InvalidData, NotFound, UnexpectedEof};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
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

over_both_wires! {
    a_dealer_and_a_router_talk,
    large_messages_pass_while_both_ends_read_and_write,
    libzmqs_dealer_talks_with_a_router,
    a_dealer_talks_with_libzmqs_router_and_answers_its_heartbeats,
    an_identity_and_a_req_sockets_empty_frame_are_seen,
    an_end_is_told_after_the_last_message,
    what_is_cut_off_connects_again_on_another_route,
    a_dealer_outlives_its_router,
    whoever_breaks_the_protocol_is_cut_off_and_nobody_else,
    the_begin_of_a_message_keeps_nobody_awake,
    connections_that_are_too_many_are_refused_and_counted,
    a_peer_that_does_not_read_is_gone_when_too_much_waits_for_it,
    what_waits_when_a_socket_is_dropped_is_still_sent,
    a_watched_descriptor_ends_a_sleep,
    a_handshake_may_come_byte_by_byte,
    a_peer_that_stopped_is_found,
    a_flood_of_connections_costs_nobody_his_own,
    what_was_sent_last_arrives_although_not_all_was_read,
    garbage_costs_only_who_sends_it,
    why_there_is_no_connection_can_be_asked_for,
}

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

fn a_dealer_and_a_router_talk(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    assert_eq!(dealer.send(b"too early", &[]), Err(NotConnected));
    connect(&mut dealer, &mut router);
    assert_eq!(dealer.send(b"header", &[Bytes::from_static(b"one"), Bytes::new()]), Ok(()));
    let (received, payloads) = receive(&mut router);
    assert_eq!((&received.header[..], received.has_identity), (&b"header"[..], false));
    assert_eq!(payloads, [&b"one"[..], b""]);
    assert_eq!(router.send(received.route, b"answer", &payloads), Ok(()));
    assert_eq!(hear(&mut dealer, &mut router), (Bytes::from_static(b"answer"), payloads));
}

fn large_messages_pass_while_both_ends_read_and_write(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    let (mut sent, mut back, mut payloads) = (0, 0, Vec::new());
    let end = Instant::now() + SOON;
    while back < 10 {
        assert!(Instant::now() < end);
        if sent < 10 && sent <= back + 2 {
            assert_eq!(dealer.send(&[sent], &[large(), Bytes::from_static(b"small")]), Ok(()));
            sent += 1;
        }
        if let Some(received) = router.receive(&mut payloads) {
            assert_eq!(router.send(received.route, &received.header, &payloads), Ok(()));
            payloads.clear();
        }
        if let Some(header) = dealer.receive(&mut payloads) {
            assert_eq!(&header[..], [back]);
            assert!(payloads == [large(), Bytes::from_static(b"small")]);
            payloads.clear();
            back += 1;
        }
    }
    assert!(!dealer.has_unsent());
}

fn libzmqs_dealer_talks_with_a_router(place: &Place) {
    let mut router = place.router();
    let dealer = place.zmq_dealer();
    let payload = large();
    dealer.send_multipart([&b"header"[..], &payload, b""], 0).expect("it is sent");
    let (received, payloads) = receive(&mut router);
    assert!(payloads == [payload, Bytes::new()]);
    assert_eq!(router.send(received.route, &received.header, &payloads), Ok(()));
    let answer = thread::spawn(move || dealer.recv_multipart(0).expect("an answer"));
    until("the answer", || {
        assert_eq!(router.receive(&mut Vec::new()), None);
        router.sleep(A_WHILE);
        answer.is_finished().then_some(())
    });
    let answer = answer.join().expect("it does not panic");
    assert!(answer == [b"header".to_vec(), large().to_vec(), Vec::new()]);
}

fn a_dealer_talks_with_libzmqs_router_and_answers_its_heartbeats(place: &Place) {
    let router = place.zmq_router(|router| {
        router.set_heartbeat_ivl(20).expect("an option");
        router.set_heartbeat_timeout(2000).expect("an option");
    });
    let mut dealer = place.dealer();
    until("a connection", || {
        assert_eq!(dealer.receive(&mut Vec::new()), None);
        dealer.is_connected().then_some(())
    });
    // Long enough for libzmq to end a connection whose heartbeats are not answered.
    let end = Instant::now() + Duration::from_millis(3000);
    while Instant::now() < end {
        dealer.sleep(A_WHILE);
        assert_eq!(dealer.receive(&mut Vec::new()), None);
    }
    assert!(!dealer.take_ended());
    assert_eq!(dealer.send(b"header", &[Bytes::from_static(b"payload")]), Ok(()));
    let question = router.recv_multipart(0).expect("a message");
    assert_eq!(question[1..], [b"header".to_vec(), b"payload".to_vec()]);
    router.send_multipart(&question, 0).expect("it is sent");
    let mut payloads = Vec::new();
    let header = until("the answer", || {
        dealer.sleep(A_WHILE);
        dealer.receive(&mut payloads)
    });
    assert_eq!((&header[..], &payloads[0][..]), (&b"header"[..], &b"payload"[..]));
}

fn an_identity_and_a_req_sockets_empty_frame_are_seen(place: &Place) {
    let mut router = place.router();
    let named = place.zmq_socket(zmq::DEALER, |socket| socket.set_identity(b"worker-1").expect("an option"));
    named.send("header", 0).expect("it is sent");
    assert!(receive(&mut router).0.has_identity);
    let asking = place.zmq_socket(zmq::REQ, |_| {});
    asking.send("question", 0).expect("it is sent");
    let (received, payloads) = receive(&mut router);
    assert_eq!((&received.header[..], received.has_identity, payloads.len()), (&b""[..], false, 1));
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

fn whoever_breaks_the_protocol_is_cut_off_and_nobody_else(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    let too_long = [&Place::opening()[..], &[2, 0xff, 0, 0, 0, 0, 0, 0, 0]].concat();
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 200], &[0; 1], &too_long] {
        let mut stream = place.stream();
        stream.write_all(bytes).expect("somebody listens");
        assert_eq!(ended(&mut router).len(), 1);
        // It may hear the greeting before.
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
    }
    assert_eq!(dealer.send(b"still here", &[]), Ok(()));
    assert_eq!(&receive(&mut router).0.header[..], b"still here");
}

fn the_begin_of_a_message_keeps_nobody_awake(place: &Place) {
    let listener = place.listener();
    let mut dealer = place.dealer();
    let mut stream = listener.accept();
    stream.write_all(&as_router(&Place::opening())).expect("a peer");
    stream.write_all(&[0, 10, b'a']).expect("a peer");
    until("a connection", || {
        assert_eq!(dealer.receive(&mut Vec::new()), None);
        dealer.is_connected().then_some(())
    });
    for _ in 0..5 {
        assert_eq!(dealer.receive(&mut Vec::new()), None);
        assert!(!dealer.has_more());
    }
    stream.write_all(b"bcdefghij").expect("a peer");
    let header = until("the rest", || dealer.receive(&mut Vec::new()));
    assert_eq!(&header[..], b"abcdefghij");
}

fn connections_that_are_too_many_are_refused_and_counted(place: &Place) {
    let mut router = place.router_for(2);
    let streams: Vec<_> = (0..5).map(|_| place.stream()).collect();
    let mut surplus = 0;
    until("all to come", || {
        assert_eq!(router.receive(&mut Vec::new()), None);
        surplus += router.take_surplus();
        (surplus == 3).then_some(())
    });
    drop(streams);
    let mut gone = 0;
    until("both to go", || {
        gone += ended(&mut router).len();
        (gone == 2).then_some(())
    });
    let mut dealer = place.dealer();
    connect(&mut dealer, &mut router);
}

fn a_peer_that_does_not_read_is_gone_when_too_much_waits_for_it(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    assert_eq!(dealer.send(b"here", &[]), Ok(()));
    let route = receive(&mut router).0.route;
    let payload = Bytes::from(vec![0; 10_000]);
    let sent = (0..).find(|_| router.send(route, b"header", std::slice::from_ref(&payload)).is_err());
    assert!(sent.is_some_and(|sent| sent > BOUNDS.unsent_max));
    assert_eq!(router.take_ended().collect::<Vec<_>>(), [route]);
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
fn a_handshake_may_come_byte_by_byte(place: &Place) {
    let mut router = place.router();
    let mut stream = place.stream();
    for byte in Place::opening() {
        stream.write_all(&[byte]).expect("somebody listens");
        assert_eq!(router.receive(&mut Vec::new()), None);
    }
    stream.write_all(b"\x00\x06header").expect("somebody listens");
    assert_eq!(&receive(&mut router).0.header[..], b"header");
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

fn a_flood_of_connections_costs_nobody_his_own(place: &Place) {
    let (mut router, mut dealer) = (place.router_for(50), place.dealer());
    connect(&mut dealer, &mut router);
    let mut surplus = 0;
    for round in 0..20 {
        let flood: Vec<_> = (0..50).map(|_| place.stream()).collect();
        assert_eq!(dealer.send(&[round], &[]), Ok(()));
        let (received, _) = receive(&mut router);
        assert_eq!(&received.header[..], [round]);
        assert_eq!(router.send(received.route, &received.header, &[]), Ok(()));
        assert_eq!(&hear(&mut dealer, &mut router).0[..], [round]);
        surplus += router.take_surplus();
        drop(flood);
        surplus += router.take_surplus();
    }
    assert!(surplus > 0);
    until("all to go", || {
        assert_eq!(router.receive(&mut Vec::new()), None);
        surplus += router.take_surplus();
        let ended = router.take_ended().count();
        surplus += ended;
        (surplus == 1000).then_some(())
    });
    assert!(dealer.is_connected() && !dealer.take_ended());
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

fn garbage_costs_only_who_sends_it(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    connect(&mut dealer, &mut router);
    let mut random = Random::new(1);
    let opening = Place::opening();
    for round in 0..200u8 {
        let mut garbage: Vec<u8> = (0..random.number() % 300).map(|_| random.number() as u8).collect();
        // Some begin as they should, some have small lengths, so that more of it is taken for frames.
        let said = random.number() as usize % (2 * opening.len());
        garbage.splice(0..0, opening[..said.min(opening.len())].iter().copied());
        if round % 2 == 0 {
            garbage.iter_mut().skip(said).for_each(|byte| *byte %= 8);
        }
        let mut stream = place.stream();
        // It may be cut off before it has said all.
        let _ = stream.write_all(&garbage);
        assert_eq!(dealer.send(&[round], &[]), Ok(()));
        drop(stream);
        // What happens to be a message is one.
        until("the honest one's message", || {
            router.sleep(A_WHILE);
            let received = router.receive(&mut Vec::new());
            router.take_ended().for_each(drop);
            received.filter(|received| router.send(received.route, &[round], &[]) == Ok(()))
        });
        until("the answer", || {
            if let Some(received) = router.receive(&mut Vec::new()) {
                let _ = router.send(received.route, &[round], &[]);
            }
            router.take_ended().for_each(drop);
            dealer.receive(&mut Vec::new()).filter(|header| header[..] == [round])
        });
    }
    assert!(dealer.is_connected() && !dealer.take_ended());
    assert!(router.refused() > 0);
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

fn a_watched_descriptor_ends_a_sleep(place: &Place) {
    let (mut router, mut dealer) = (place.router(), place.dealer());
    let (watched, mut other) = UnixStream::pair().expect("two sockets");
    router.watch(std::os::fd::AsFd::as_fd(&watched), 3).expect("it is open");
    dealer.watch(std::os::fd::AsFd::as_fd(&watched), 0).expect("it is open");
    connect(&mut dealer, &mut router);
    other.write_all(b"!").expect("a peer");
    let told = router.sleep(Some(SOON));
    assert_eq!([told.of(0), told.of(3)], [false, true]);
    assert!(dealer.sleep(Some(SOON)).of(0));
}

#[test]
fn no_socket_can_be_at_a_path_that_is_too_long() {
    let path = format!("/{}", "x".repeat(200));
    assert!(Dealer::connect(Path::new(&path), BOUNDS).is_err());
    assert!(Router::new(BOUNDS, 1).expect("a router").listen(Path::new(&path)).is_err());
}
