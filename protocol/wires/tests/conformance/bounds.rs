//! What a peer can make a listener hold is bounded, and nobody else notices who goes over it. The wire of memory has no
//! bounds, and no other peers.

use crate::world::{BOUNDS, Kind, Pair, SOON, World, heard, meet, told, until};
use bytes::Bytes;
use powerhose_wires::Address;

pub(crate) fn cut_off_who_sends_too_much(world: &World) {
    if !world.has_sockets() {
        return;
    }
    let Pair { mut listener, mut link, route } = world.pair();
    let mut other = world.link();
    let other_route = meet(&mut *listener, &mut *other);
    let too_much = Bytes::from(vec![0; BOUNDS.frame_bytes_max as usize + 1]);
    // It may be cut off before it has said all of it.
    let _ = link.send(b"too much", &[too_much]);
    let mut ended = Vec::new();
    until("it to be cut off", || {
        assert!(listener.receive(&mut Vec::new()).is_none());
        // What it sends leaves while it is looked at.
        let _ = link.receive(&mut Vec::new());
        listener.ended(&mut ended);
        listener.hints(&mut ended);
        ended.contains(&route)
    });
    other.send(b"still here", &[]).expect("it is connected");
    assert_eq!(heard(&mut *listener).0.route, other_route);
}

pub(crate) fn refuse_who_does_not_read(world: &World) {
    // libzmq's link reads by itself, on its own thread.
    if !world.has_sockets() || world.connects == Kind::Libzmq {
        return;
    }
    let Pair { mut listener, link: _link, route } = world.pair();
    let payload = Bytes::from(vec![0; 64 << 10]);
    let refused = (0..10 * BOUNDS.unsent_max)
        .any(|_| listener.send(route, b"unread", std::slice::from_ref(&payload)).is_err());
    assert!(refused, "what waits has no bound");
}

pub(crate) fn turn_away_connections_beyond_the_most(world: &World) {
    if !world.has_sockets() {
        return;
    }
    let mut listener = world.listener();
    let _links: Vec<_> = (0..25).map(|_| world.link()).collect();
    until("connections to be turned away", || {
        assert!(listener.receive(&mut Vec::new()).is_none());
        listener.slept_elsewhere();
        listener.hints(&mut Vec::new());
        listener.take_surplus() > 0
    });
}

pub(crate) fn show_that_a_message_has_too_many_frames(world: &World) {
    if !world.has_sockets() {
        return;
    }
    let Pair { mut listener, mut link, .. } = world.pair();
    link.send(b"many", &vec![Bytes::from_static(b"x"); 1000]).expect("it is connected");
    let (received, payloads) = heard(&mut *listener);
    assert_eq!((&received.header[..], payloads.len()), (&b"many"[..], BOUNDS.frames_max));
    link.send(b"next", &[]).expect("it is connected");
    assert_eq!(heard(&mut *listener).0.header, "next");
}

pub(crate) fn tell_who_chose_an_identity(world: &World) {
    if !world.has_sockets() {
        return;
    }
    let mut listener = world.listener();
    let socket = zmq::Context::new().socket(zmq::DEALER).expect("a socket");
    socket.set_identity(b"somebody else").expect("an option");
    socket.set_linger(0).expect("an option");
    socket.set_rcvtimeo(SOON.as_millis() as i32).expect("an option");
    let scheme = if matches!(world.address(), Address::Unix(_)) { "ipc" } else { "tcp" };
    socket.connect(&format!("{scheme}://{}", world.address())).expect("an endpoint");
    socket.send("hello", 0).expect("it waits for a connection");
    let (received, _) = heard(&mut *listener);
    assert!(received.has_identity);
    listener.send(received.route, b"no", &[]).expect("it can be answered");
    assert!(listener.receive(&mut Vec::new()).is_none());
    assert_eq!(socket.recv_bytes(0).expect("an answer"), b"no");
    let mut link = world.link();
    let route = meet(&mut *listener, &mut *link);
    assert_ne!(route, received.route);
    listener.send(route, b"yes", &[]).expect("it is there");
    assert_eq!(told(&mut *link).0, "yes");
}
