//! Who sleeps is woken by what it sleeps for.

use crate::world::{Pair, SOON, World, heard, told};
use powerhose_wires::{Link, Wakeup};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: u8 = 100;

pub(crate) fn ends_with_a_message_to_either(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..ROUNDS {
                link.send(&[number], &[]).expect("it is connected");
                assert_eq!(told(&mut *link).0, [number][..]);
            }
        });
        for number in 0..ROUNDS {
            assert_eq!(heard(&mut *listener).0.header, [number][..]);
            listener.send(route, &[number], &[]).expect("it is there");
        }
    });
}

pub(crate) fn ends_with_a_watched_descriptor(world: &World) {
    let Pair { mut listener, mut link, .. } = world.pair();
    let wakeup = Wakeup::new().expect("a descriptor");
    listener.watch(wakeup.as_fd(), 0).expect("it is open");
    link.watch(wakeup.as_fd(), 1).expect("it is open");
    wakeup.announce_sleep();
    thread::scope(|scope| {
        scope.spawn(|| wakeup.wake());
        let end = Instant::now() + SOON;
        while !listener.sleep(Some(SOON)).of(0) {
            assert!(Instant::now() < end, "nobody woke it");
        }
        while !link.sleep(Some(SOON)).of(1) {
            assert!(Instant::now() < end, "nobody woke it");
        }
    });
    wakeup.drain();
    assert!(!listener.sleep(Some(Duration::ZERO)).of(0));
}

pub(crate) fn ends_in_time(world: &World) {
    let Pair { mut listener, mut link, .. } = world.pair();
    // It may wake for nothing, and never later than it was told.
    listener.sleep(Some(Duration::from_millis(1)));
    link.sleep(Some(Duration::from_millis(1)));
}

pub(crate) fn elsewhere_needs_only_descriptor_and_has_more(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    let (listeners, links) = (loop_over(&*listener), loop_over(&*link));
    for number in 0..ROUNDS {
        link.send(&[number], &[]).expect("it is connected");
        let header = loop {
            if let Some(received) = listener.receive(&mut Vec::new()) {
                break received.header;
            }
            if !listener.has_more() {
                wait(&listeners);
                listener.slept_elsewhere();
            }
        };
        assert_eq!(header, [number][..]);
        listener.send(route, &header, &[]).expect("it is there");
        let header = loop {
            if let Some(header) = link.receive(&mut Vec::new()) {
                break header;
            }
            if !link.has_more() {
                wait(&links);
                Link::slept_elsewhere(&mut *link);
            }
        };
        assert_eq!(header, [number][..]);
    }
}

pub(crate) fn elsewhere_is_not_disturbed_by_questions(world: &World) {
    let Pair { mut listener, mut link, route } = world.pair();
    let links = loop_over(&*link);
    for number in 0..ROUNDS {
        // Nothing is left to be told of.
        while link.receive(&mut Vec::new()).is_none()
            && (link.has_more() || is_readable(&links, Duration::ZERO))
        {
            link.sleep(Some(Duration::ZERO));
            assert!(!link.has_ended() && !link.has_hint());
        }
        listener.send(route, &[number], &[]).expect("it is there");
        wait(&links);
        assert!(link.is_connected());
        assert!(link.has_more() || is_readable(&links, Duration::ZERO), "nobody tells of the message");
        assert_eq!(told(&mut *link).0, [number][..]);
    }
}

/// Of another program: it has a descriptor that is one of many.
fn loop_over(descriptor: &(impl AsFd + ?Sized)) -> OwnedFd {
    let epoll = epoll::create(CreateFlags::CLOEXEC).expect("a descriptor");
    epoll::add(&epoll, descriptor, EventData::new_u64(0), EventFlags::IN).expect("it is open");
    epoll
}

fn wait(epoll: &OwnedFd) {
    assert!(is_readable(epoll, SOON), "the descriptor does not tell");
}

fn is_readable(epoll: &OwnedFd, within: Duration) -> bool {
    let within = Timespec::try_from(within).expect("it is short");
    let mut events = [MaybeUninit::uninit()];
    !epoll::wait(epoll, &mut events, Some(&within)).expect("it is open").0.is_empty()
}
