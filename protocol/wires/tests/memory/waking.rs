//! Who sleeps is woken, for what comes and for room.

use super::{SOON, World, until};
use bytes::Bytes;
use powerhose_wires::{Link as _, Listener as _};
use std::time::Instant;

/// Both ends send more than the rings hold, and sleep where there is nothing to do: each must be woken for what comes, and for room.
#[test]
fn nobody_sleeps_on_while_there_is_something_to_read_or_room_to_write() {
    const MESSAGES: usize = 3000;
    const IN_FLIGHT: usize = 8;
    let World { mut router, mut friend, friends_route, folder: _folder } = World::new();
    let size = |number: usize| [100, 300_000, 5000, 20_000, 90_000][number % 5];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut echoed = 0;
            let end = Instant::now() + SOON;
            while echoed < MESSAGES || friend.has_unsent() {
                let mut payloads = Vec::new();
                if let Some(header) = friend.receive(&mut payloads) {
                    friend.send(&header, &payloads).expect("it is connected");
                    echoed += 1;
                } else if (echoed < MESSAGES || friend.has_unsent()) && !friend.has_more() {
                    friend.sleep(Some(SOON));
                }
                assert!(Instant::now() < end, "it slept on after {echoed}");
            }
        });
        let (mut sent, mut back) = (0, 0);
        let end = Instant::now() + SOON;
        while back < MESSAGES {
            while sent < MESSAGES && sent - back < IN_FLIGHT {
                let payload = Bytes::from(vec![sent as u8; size(sent)]);
                router.send(friends_route, &sent.to_be_bytes(), &[payload]).expect("it is there");
                sent += 1;
            }
            let mut payloads = Vec::new();
            if let Some(received) = router.receive(&mut payloads) {
                assert_eq!(received.header, back.to_be_bytes()[..]);
                assert!(payloads[0] == vec![back as u8; size(back)]);
                back += 1;
            } else if !router.has_more() {
                router.sleep(Some(SOON));
            }
            assert!(Instant::now() < end, "it slept on after {back}");
        }
    });
}

/// One look at the socket takes all wake-ups, also the one that tells of room.
#[test]
fn room_is_noticed_whose_wakeup_came_with_another() {
    let World { mut router, mut friend, friends_route, folder: _folder } = World::new();
    assert!(friend.receive(&mut Vec::new()).is_none());
    let payload = Bytes::from(vec![7; 1 << 20]);
    router.send(friends_route, b"large", std::slice::from_ref(&payload)).expect("it is there");
    while router.receive(&mut Vec::new()).is_some() || router.has_more() {}
    friend.send(b"small", &[]).expect("it is connected");
    let mut payloads = Vec::new();
    while friend.has_more() {
        assert!(friend.receive(&mut payloads).is_none(), "there is no room for all of it");
    }
    assert_eq!(router.receive(&mut Vec::new()).expect("a message").header, "small");
    until("the rest", || {
        assert!(router.receive(&mut Vec::new()).is_none());
        friend.receive(&mut payloads)
    });
    assert!(payloads == [payload]);
}
