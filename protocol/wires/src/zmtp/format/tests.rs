use super::*;

fn ready_of(kind: Kind) -> Vec<u8> {
    opening(kind, Sharing::Off)[GREETING_BYTES + 2..].to_vec()
}

/// READY with these properties.
fn ready(properties: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut command = b"\x05READY".to_vec();
    for (name, value) in properties {
        command.push(name.len() as u8);
        command.extend(*name);
        command.extend((value.len() as u32).to_be_bytes());
        command.extend(*value);
    }
    command
}

/// As ZeroMQ's RFC 37 has it, and as libzmq 4.3.4 sends it.
#[test]
fn a_dealer_opens_with_these_bytes() {
    let mut expected = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1];
    expected.extend(b"NULL");
    expected.resize(64, 0);
    expected.extend(b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0");
    assert_eq!(opening(Kind::Dealer, Sharing::Off), expected);
}

#[test]
fn what_one_end_opens_with_the_other_accepts() {
    for (own, other) in [(Kind::Dealer, Kind::Router), (Kind::Router, Kind::Dealer)] {
        assert_eq!(check_greeting(&opening(other, Sharing::Off)[..GREETING_BYTES]), Ok(()));
        assert_eq!(
            read_ready(&ready_of(other), own),
            Ok(Ready { has_identity: false, offers_memory: false })
        );
    }
}

#[test]
fn a_greeting_is_checked_as_it_comes() {
    let greeting = &opening(Kind::Dealer, Sharing::Off)[..GREETING_BYTES];
    for come in 0..=GREETING_BYTES {
        assert_eq!(check_greeting(&greeting[..come]), Ok(()), "{come}");
    }
    let with = |place: usize, byte: u8| {
        let mut changed = greeting.to_vec();
        changed[place] = byte;
        changed
    };
    assert_eq!(check_greeting(b"GET / HTTP/1.1"), Err(Violation::NotZmtp));
    assert_eq!(check_greeting(&with(9, 0)), Err(Violation::NotZmtp));
    assert_eq!(check_greeting(&with(10, 1)), Err(Violation::Version { major: 1 }));
    assert_eq!(check_greeting(&with(10, 4)), Ok(()), "later versions speak this one too");
    let unknown = Err(Violation::Mechanism { wanted: "unknown" });
    for (place, byte) in [(12, b'P'), (16, b'L'), (17, b'x')] {
        assert_eq!(check_greeting(&with(place, byte)), unknown);
    }
    for wanted in ["PLAIN", "CURVE", "GSSAPI"] {
        let mut other = greeting.to_vec();
        other[12..][..wanted.len()].copy_from_slice(wanted.as_bytes());
        assert_eq!(check_greeting(&other), Err(Violation::Mechanism { wanted }));
    }
}

#[test]
fn a_head_is_read_as_it_was_written() {
    for (length, size) in [(0, 2), (255, 2), (256, 9), (1 << 40, 9)] {
        for (more, command) in [(false, false), (true, false)] {
            let head = Head { more, command, length };
            let mut bytes = Vec::new();
            push_head(&mut bytes, head);
            assert_eq!(bytes.len(), size);
            assert_eq!(read_head(&bytes), Ok(Some((head, size))));
            for come in 0..size {
                assert_eq!(read_head(&bytes[..come]), Ok(None), "{come}");
            }
        }
    }
    assert_eq!([framed_bytes(255), framed_bytes(256)], [257, 265]);
}

#[test]
fn flags_that_do_not_exist_are_refused() {
    for flags in [8, 0x10, 0x20, 0x40, 0x80, 0xff, MORE | COMMAND] {
        assert_eq!(read_head(&[flags, 0]), Err(Violation::Flags { flags }));
    }
}

#[test]
fn a_command_is_short() {
    let mut bytes = vec![COMMAND | LONG];
    bytes.extend((COMMAND_BYTES_MAX + 1).to_be_bytes());
    let refused = Violation::FrameTooLong { bytes: COMMAND_BYTES_MAX + 1, max: COMMAND_BYTES_MAX };
    assert_eq!(read_head(&bytes), Err(refused));
}

#[test]
fn ready_tells_what_kind_of_socket_it_is_and_whether_it_has_an_identity() {
    let read = |properties: &[(&[u8], &[u8])]| read_ready(&ready(properties), Kind::Router);
    let identity = Ok(Ready { has_identity: true, offers_memory: false });
    assert_eq!(read(&[(b"Socket-Type", b"DEALER"), (b"Identity", b"worker-1")]), identity);
    assert_eq!(read(&[(b"identity", b"1"), (b"X-Other", b"y"), (b"SOCKET-TYPE", b"REQ")]), identity);
    assert_eq!(read(&[(b"Socket-Type", b"ROUTER")]), Ok(Ready { has_identity: false, offers_memory: false }));
    for kind in ["PUB", "REP", "PUSH", "unknown"] {
        let refused = Err(Violation::SocketType { kind, own: "ROUTER" });
        assert_eq!(read(&[(b"Socket-Type", kind.as_bytes())]), refused);
    }
    assert_eq!(read(&[]), Ok(Ready { has_identity: false, offers_memory: false }), "as with libzmq");
}

#[test]
fn a_ready_that_breaks_off_is_refused() {
    let whole = ready_of(Kind::Dealer);
    for bytes in 6..whole.len() {
        // Without its properties, and with one alone, it is whole.
        let broken = read_ready(&whole[..bytes], Kind::Router);
        let is_whole = bytes == 6 || bytes == whole.len() - 13;
        assert_eq!(broken.is_ok(), is_whole, "{bytes}: {broken:?}");
    }
    for other in [&b"\x05ERROR"[..], b"", b"\x04PING\0\0", b"\x05READ"] {
        assert_eq!(read_ready(other, Kind::Router), Err(Violation::NotReady));
    }
}

#[test]
fn who_speaks_the_version_before_knows_no_ping() {
    let mut greeting = opening(Kind::Dealer, Sharing::Off)[..GREETING_BYTES].to_vec();
    for (version, knows) in [([3, 1], true), ([3, 0], false), ([3, 2], true), ([4, 0], true)] {
        greeting[10..12].copy_from_slice(&version);
        assert_eq!(answers_pings(&greeting), knows, "{version:?}");
    }
}

#[test]
fn a_ping_is_answered_with_what_it_wants_back() {
    let read = |command: &[u8]| read_ping(command).map(|ping| (ping.answer, ping.time_to_live.as_millis()));
    assert_eq!(read(b"\x04PING\0\x1econtext"), Some((b"\x04\x0c\x04PONGcontext".to_vec(), 3000)));
    assert_eq!(read(&ping()[2..]), Some((b"\x04\x05\x04PONG".to_vec(), 0)));
    let long = [&b"\x04PING\xff\xff"[..], &[b'x'; 100]].concat();
    assert_eq!(read(&long).map(|(answer, millis)| (answer.len(), millis)), Some((2 + 5 + 16, 6_553_500)));
    for other in [&b"\x04PONG"[..], b"\x04PING\0", b"\x09SUBSCRIBE", b""] {
        assert_eq!(read_ping(other), None);
    }
}
