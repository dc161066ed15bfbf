//! Messages come whole and in their order, to whom they are for.

use crate::world::{Pair, World, meet, pause, told, until};
use bytes::Bytes;
use powerhose_wires::{Gone, Link, Listener, NotConnected, Route};

const MESSAGES: u32 = 2000;
const SIZES: [usize; 6] = [0, 1, 64, 8 << 10, 1 << 20, 3 << 20];

pub(crate) fn come_in_their_order(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    let (mut there, mut back) = (0u32, 0u32);
    let mut payloads = Vec::new();
    for number in 0..MESSAGES {
        // Who sends reads too, or nothing would leave.
        until("room for another message", || {
            while let Some(received) = listener.receive(&mut payloads) {
                assert_eq!(received.header, there.to_be_bytes()[..]);
                there += 1;
                listener.send(route, &received.header, &[]).expect("it is there");
            }
            while let Some(header) = link.receive(&mut payloads) {
                assert_eq!(header, back.to_be_bytes()[..]);
                back += 1;
            }
            number - back < 500
        });
        link.send(&number.to_be_bytes(), &[]).expect("it is connected");
    }
    until("the last message to come back", || {
        while let Some(received) = listener.receive(&mut payloads) {
            assert_eq!(received.header, there.to_be_bytes()[..]);
            there += 1;
            listener.send(route, &received.header, &[]).expect("it is there");
        }
        while let Some(header) = link.receive(&mut payloads) {
            assert_eq!(header, back.to_be_bytes()[..]);
            back += 1;
        }
        pause(&mut *listener, &mut *link);
        back == MESSAGES
    });
}

pub(crate) fn come_in_every_size(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    for size in SIZES {
        there_and_back(&mut *listener, &mut *link, route, &[bytes(size)]);
    }
}

pub(crate) fn of_several_frames_come_whole(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    there_and_back(&mut *listener, &mut *link, route, &[]);
    let payloads: Vec<_> = SIZES.into_iter().map(bytes).collect();
    there_and_back(&mut *listener, &mut *link, route, &payloads);
    let empty = vec![Bytes::new(); 8];
    there_and_back(&mut *listener, &mut *link, route, &empty);
}

pub(crate) fn go_to_whom_they_are_for(world: &World) {
    let mut listener = world.listener();
    let mut links: Vec<_> = (0..8).map(|_| world.link()).collect();
    let routes: Vec<_> = links.iter_mut().map(|link| meet(&mut *listener, &mut **link)).collect();
    for (number, route) in routes.iter().enumerate() {
        listener.send(*route, &[number as u8], &[]).expect("it is there");
        assert_eq!(routes.iter().filter(|other| *other == route).count(), 1, "each has its own");
    }
    for (number, link) in links.iter_mut().enumerate() {
        assert_eq!(told(&mut **link).0, [number as u8][..]);
    }
}

pub(crate) fn fill_room_that_was_asked_for(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    for size in SIZES {
        let mut room = link.room(size);
        room.as_mut().fill(7);
        link.send(b"there", &[room.into_payload()]).expect("it is connected");
        // What does not fit leaves while the other end reads.
        let (mut payloads, mut come) = (Vec::new(), false);
        until("it to come", || {
            come |= listener.receive(&mut payloads).is_some();
            assert!(link.receive(&mut Vec::new()).is_none());
            come
        });
        assert_eq!(payloads, [vec![7; size]]);
        let mut room = listener.room(route, size);
        assert_eq!(room.as_mut().len(), size);
        listener.send(route, b"back", &[room.into_payload()]).expect("it is there");
        let mut payloads = Vec::new();
        until("it to come back", || {
            assert!(listener.receive(&mut Vec::new()).is_none());
            link.receive(&mut payloads).is_some()
        });
        assert_eq!(payloads, [vec![0; size]]);
    }
}

pub(crate) fn to_nobody_are_refused(world: &World) {
    let mut link = world.link();
    assert!(!link.is_connected());
    assert_eq!(link.send(b"to nobody", &[]), Err(NotConnected));
    assert!(link.receive(&mut Vec::new()).is_none());
    assert!(!link.has_ended());
    let mut listener = world.listener();
    assert_eq!(listener.send(Route::new(0, 3), b"to nobody", &[]), Err(Gone));
    assert!(listener.receive(&mut Vec::new()).is_none());
    meet(&mut *listener, &mut *link);
}

/// Sends it, has it sent back, and sees that it is the same.
fn there_and_back(listener: &mut dyn Listener, link: &mut dyn Link, route: Route, payloads: &[Bytes]) {
    link.send(b"header", payloads).expect("it is connected");
    let (mut there, mut back) = (Vec::new(), Vec::new());
    until("a message to come back", || {
        if let Some(received) = listener.receive(&mut there) {
            assert_eq!((received.route, &received.header[..]), (route, &b"header"[..]));
            assert!(!received.has_identity);
            listener.send(route, &received.header, &there).expect("it is there");
        }
        link.receive(&mut back).is_some_and(|header| {
            assert_eq!(header, "header");
            true
        })
    });
    assert!(there == payloads);
    assert!(back == payloads);
}

fn bytes(size: usize) -> Bytes {
    (0..size).map(|place| (place * 31 % 251) as u8).collect::<Vec<_>>().into()
}
