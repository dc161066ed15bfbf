//! Messages go there and back: of any size, with libzmq at either end, however slowly they come.

use super::place::{Place, SOON};
use super::{A_WHILE, as_router, connect, hear, large, receive, until};
use bytes::Bytes;
use powerhose_wires::NotConnected;
use powerhose_wires::{Link as _, Listener as _};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

over_both_wires! {
    a_dealer_and_a_router_talk,
    large_messages_pass_while_both_ends_read_and_write,
    libzmqs_dealer_talks_with_a_router,
    a_dealer_talks_with_libzmqs_router_and_answers_its_heartbeats,
    an_identity_and_a_req_sockets_empty_frame_are_seen,
    the_begin_of_a_message_keeps_nobody_awake,
    a_handshake_may_come_byte_by_byte,
    a_watched_descriptor_ends_a_sleep,
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
