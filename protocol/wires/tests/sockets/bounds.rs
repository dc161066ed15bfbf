//! What one peer can cost the others: nothing.

use super::place::{BOUNDS, Place};
use super::{A_WHILE, connect, ended, hear, receive, until};
use bytes::Bytes;
use powerhose_protocol::Random;
use powerhose_wires::{Dealer, Router};
use powerhose_wires::{Link as _, Listener as _};
use std::io::{Read, Write};
use std::path::Path;

over_both_wires! {
    whoever_breaks_the_protocol_is_cut_off_and_nobody_else,
    connections_that_are_too_many_are_refused_and_counted,
    a_peer_that_does_not_read_is_gone_when_too_much_waits_for_it,
    a_flood_of_connections_costs_nobody_his_own,
    garbage_costs_only_who_sends_it,
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

#[test]
fn no_socket_can_be_at_a_path_that_is_too_long() {
    let path = format!("/{}", "x".repeat(200));
    assert!(Dealer::connect(Path::new(&path), BOUNDS).is_err());
    assert!(Router::new(BOUNDS, 1).expect("a router").listen(Path::new(&path)).is_err());
}
