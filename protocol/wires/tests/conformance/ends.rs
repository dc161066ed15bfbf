//! Connections end: each end is told once, where it is certain after the last message.

use crate::world::{Pair, World, heard, meet, pause, until};
use powerhose_wires::{Gone, Link, Listener, Route};

const LAST_MESSAGES: u8 = 100;

pub(crate) fn of_links_are_told_after_their_last_message(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    for number in 0..LAST_MESSAGES {
        link.send(&[number], &[]).expect("it is connected");
    }
    drop(link);
    let (mut come, mut ended) = (0, Vec::new());
    until("the last message and the end", || {
        while let Some(received) = listener.receive(&mut Vec::new()) {
            assert!(ended.is_empty() || !world.listener_is_certain(), "a message after the end");
            assert_eq!(received.header, [come][..]);
            come += 1;
        }
        if !listener.has_more() {
            listener.sleep(Some(std::time::Duration::from_millis(5)));
        }
        take_ends(world, &mut *listener, &mut ended);
        come == LAST_MESSAGES && !ended.is_empty()
    });
    assert_eq!(ended, [route], "it is told once");
}

pub(crate) fn of_listeners_are_told(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    for number in 0..LAST_MESSAGES {
        listener.send(route, &[number], &[]).expect("it is there");
    }
    drop(listener);
    let (mut come, mut has_ended) = (0, false);
    until("the end", || {
        while let Some(header) = link.receive(&mut Vec::new()) {
            assert!(!has_ended || !world.link_is_certain(), "a message after the end");
            assert_eq!(header, [come][..]);
            come += 1;
        }
        if !link.has_more() {
            link.sleep(Some(std::time::Duration::from_millis(5)));
        }
        has_ended |= link.has_ended() | link.has_hint();
        has_ended
    });
    assert!(come == LAST_MESSAGES || !world.link_is_certain());
    // What only hints may know a little later itself.
    assert!(!link.is_connected() || !world.link_is_certain());
    until("no connection", || {
        let _ = link.receive(&mut Vec::new());
        !link.is_connected()
    });
}

pub(crate) fn by_cutting_are_told_to_both(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    listener.cut(route);
    let (mut ended, mut has_ended) = (Vec::new(), false);
    until("both ends", || {
        assert!(listener.receive(&mut Vec::new()).is_none());
        assert!(link.receive(&mut Vec::new()).is_none());
        pause(&mut *listener, &mut *link);
        take_ends(world, &mut *listener, &mut ended);
        has_ended |= link.has_ended() | link.has_hint();
        has_ended && !ended.is_empty()
    });
    assert_eq!(ended, [route]);
}

pub(crate) fn leave_no_way_back(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    listener.cut(route);
    let mut has_ended = false;
    until("nothing to be sent there any more", || {
        assert!(listener.receive(&mut Vec::new()).is_none());
        let _ = link.receive(&mut Vec::new());
        has_ended |= link.has_ended() | link.has_hint();
        has_ended && listener.send(route, b"too late", &[]) == Err(Gone)
    });
    listener.cut(route);
    assert_ne!(heard_again(&mut *listener, &mut *link), route, "no route is used again");
}

/// The route by which a link is heard after its connection ended. It sends again and again: what libzmq takes between the end and
/// its dropping of what belongs to the connection is lost.
fn heard_again(listener: &mut dyn Listener, link: &mut dyn Link) -> Route {
    let mut found = None;
    until("a message through another connection", || {
        let _ = link.receive(&mut Vec::new());
        let _ = link.send(b"again", &[]);
        pause(listener, link);
        found = listener.receive(&mut Vec::new());
        found.is_some()
    });
    let received = found.expect("it was waited for");
    assert_eq!(received.header, "again");
    received.route
}

pub(crate) fn make_way_for_another_connection(world: &World) {
    let Pair { listener, mut link, .. } = world.pair();
    drop(listener);
    until("the end", || {
        assert!(link.receive(&mut Vec::new()).is_none());
        !link.is_connected()
    });
    world.clear();
    let mut next = world.listener();
    meet(&mut *next, &mut *link);
}

pub(crate) fn of_one_are_of_no_other(world: &World) {
    let Pair { mut listener, link, route } = world.pair();
    let mut other = world.link();
    let other_route = meet(&mut *listener, &mut *other);
    drop(link);
    let mut ended = Vec::new();
    until("the end", || {
        assert!(listener.receive(&mut Vec::new()).is_none());
        if !listener.has_more() {
            listener.sleep(Some(std::time::Duration::from_millis(5)));
        }
        take_ends(world, &mut *listener, &mut ended);
        !ended.is_empty()
    });
    assert_eq!(ended, [route]);
    other.send(b"still here", &[]).expect("it is connected");
    assert_eq!(heard(&mut *listener).0.route, other_route);
}

/// Those that are certain, or, where there are none, those that are not.
fn take_ends(world: &World, listener: &mut dyn Listener, ended: &mut Vec<Route>) {
    if world.listener_is_certain() {
        listener.ended(ended);
        let mut hints = Vec::new();
        listener.hints(&mut hints);
        assert!(hints.is_empty(), "what is certain is no hint");
    } else {
        listener.hints(ended);
    }
}
