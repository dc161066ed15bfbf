use super::*;
use crate::Listener as _;
use crate::Router;
use crate::zmtp::format;
use rustix::net::sockopt::set_socket_send_buffer_size;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Mutex;
use std::time::Instant;

const BOUNDS: Bounds =
    Bounds { frame_bytes_max: 16 << 20, frames_max: 8, message_bytes_max: 32 << 20, unsent_max: 100 };
/// Whatever a test waits for comes in much less.
const SOON: Duration = Duration::from_secs(20);

/// Two addresses of this machine. That they are two is what counts.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 10, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 10, 2);

fn two_addresses(_name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(vec![(FIRST, port).into(), (SECOND, port).into()])
}

fn dealer(port: u16, resolve: net::Resolve) -> Dealer {
    let dialer = Dialer::new(("a-name", port).into(), resolve).expect("an address");
    Dealer::dialing(dialer, BOUNDS, Sharing::Off).expect("a dealer")
}

fn router() -> Router {
    Router::new(BOUNDS, 100).expect("a router")
}

/// The port of an address that was given.
fn port(address: &Address) -> u16 {
    let Address::Tcp { port, .. } = address else { panic!("{address} has no port") };
    *port
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain for {what}");
    }
}

/// Both work until they are connected. What the dealer needs wakes it.
fn connect(dealer: &mut Dealer, router: &mut Router) {
    until("a connection", || {
        assert!(router.receive(&mut Vec::new()).is_none());
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.is_connected() || {
            dealer.sleep(Some(Duration::from_millis(10)));
            false
        }
    });
}

#[test]
fn where_one_address_of_a_name_refuses_the_next_is_tried_at_once() {
    let mut router = router();
    let at = router.listen((SECOND.to_string(), 0)).expect("a port");
    let mut dealer = dealer(port(&at), two_addresses);
    connect(&mut dealer, &mut router);
    assert_eq!(dealer.last_failure(), None);
    assert_eq!(dealer.dialer.tried(), Some((SECOND, port(&at)).into()));
}

#[test]
fn where_something_else_listens_at_one_address_the_next_is_tried_at_once() {
    let mut router = router();
    let at = router.listen((SECOND.to_string(), 0)).expect("a port");
    let other = TcpListener::bind((FIRST, port(&at))).expect("the same port, at another address");
    let mut dealer = dealer(port(&at), two_addresses);
    until("the first address to be tried", || {
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.link.is_some()
    });
    assert_eq!(dealer.dialer.tried(), Some((FIRST, port(&at)).into()));
    drop(other.accept().expect("the dealer"));
    connect(&mut dealer, &mut router);
    assert_eq!(dealer.dialer.tried(), Some((SECOND, port(&at)).into()));
}

#[test]
fn a_name_that_is_not_answered_holds_nobody_up() {
    static ANSWER: Mutex<()> = Mutex::new(());
    fn late(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        drop(ANSWER.lock());
        two_addresses(name, port)
    }
    let not_yet = ANSWER.lock().expect("nobody panics");
    let mut router = router();
    let at = router.listen((FIRST.to_string(), 0)).expect("a port");
    let mut dealer = dealer(port(&at), late);
    for _ in 0..10 {
        assert!(dealer.receive(&mut Vec::new()).is_none());
        assert_eq!(dealer.send(b"too early", &[]), Err(NotConnected));
        assert!(!dealer.has_more());
        assert_eq!(dealer.sleep(Some(Duration::ZERO)), Told::default());
    }
    drop(not_yet);
    connect(&mut dealer, &mut router);
}

#[test]
fn a_name_that_takes_too_long_is_a_failure_and_tried_again() {
    static ANSWER: Mutex<()> = Mutex::new(());
    fn never(_name: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        drop(ANSWER.lock());
        Err(io::Error::other("it was not to be answered"))
    }
    let _never = ANSWER.lock().expect("nobody panics");
    let mut dealer = dealer(1, never);
    // Half a minute later.
    dealer.timer.once(Duration::ZERO);
    until("it to be given up", || {
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.last_failure().is_some_and(|failure| failure.kind() == io::ErrorKind::TimedOut)
    });
    let again = |dealer: &mut Dealer| {
        dealer.timer.once(Duration::ZERO);
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.dialer.is_looking_up()
    };
    until("another try", || again(&mut dealer));
}

#[test]
fn a_name_that_nobody_knows_is_told_with_the_reason() {
    fn unknown(_name: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        Err(io::Error::new(io::ErrorKind::NotFound, "nobody knows it"))
    }
    let mut dealer = dealer(7000, unknown);
    until("the answer", || {
        dealer.sleep(Some(Duration::from_millis(10)));
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.last_failure().is_some()
    });
    let failure = dealer.last_failure().expect("there is one");
    assert_eq!(failure.to_string(), "a-name:7000: nobody knows it");
    assert_eq!(failure.kind(), io::ErrorKind::NotFound);
}

#[test]
fn whoever_listens_and_says_nothing_is_left() {
    let silent = TcpListener::bind((FIRST, 0)).expect("a port");
    let at = silent.local_addr().expect("it is bound");
    let mut dealer = Dealer::connect((at.ip().to_string(), at.port()), BOUNDS).expect("a dealer");
    until("a connection", || {
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.link.is_some()
    });
    // Half a minute later.
    dealer.timer.once(Duration::ZERO);
    until("its end", || {
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.link.is_none()
    });
    let failure = dealer.last_failure().expect("there is one");
    assert_eq!(failure.to_string(), format!("{at}: nothing comes from the peer"));
    assert!(!dealer.take_ended(), "no message could go over it");
}

#[test]
fn an_address_that_does_not_answer_is_given_up() {
    // The queue of those who wait to be accepted is full, so that the system answers nobody else.
    let full = net::tcp::listen_with_backlog((FIRST, 0).into(), 0).expect("a port");
    let at = net::tcp::listens_at(&full).expect("it is bound");
    let waiting: Vec<_> = (0..8).map(|_| net::tcp::connect(at).expect("a socket")).collect();
    let unanswered = |socket: &OwnedFd| net::tcp::outcome(socket).is_none();
    assert!(unanswered(waiting.last().expect("there are some")));
    let mut dealer = Dealer::connect((at.ip().to_string(), at.port()), BOUNDS).expect("a dealer");
    for _ in 0..10 {
        assert!(dealer.receive(&mut Vec::new()).is_none());
    }
    assert_eq!(dealer.last_failure(), None);
    // Five seconds later.
    dealer.timer.once(Duration::ZERO);
    until("it to be given up", || {
        assert!(dealer.receive(&mut Vec::new()).is_none());
        dealer.last_failure().is_some()
    });
    assert_eq!(dealer.last_failure().map(Failure::kind), Some(io::ErrorKind::TimedOut));
}

#[test]
fn a_peer_that_promised_to_send_something_and_does_not_is_gone() {
    let listener = TcpListener::bind((FIRST, 0)).expect("a port");
    let at = listener.local_addr().expect("it is bound");
    let mut dealer = Dealer::connect((at.ip().to_string(), at.port()), BOUNDS).expect("a dealer");
    let (mut stream, _) = listener.accept().expect("the dealer");
    stream.write_all(&format::opening(Kind::Router, Sharing::Off)).expect("the dealer");
    // Within a tenth of a second, as the others of these times.
    let ping = b"\x04\x07\x04PING\0\x01";
    for kept in [true, true, false] {
        stream.write_all(ping).expect("the dealer");
        until("the promise", || {
            assert!(dealer.receive(&mut Vec::new()).is_none());
            dealer.promise.is_some()
        });
        if kept {
            stream.write_all(b"\0\x06header").expect("the dealer");
            until("the message", || dealer.receive(&mut Vec::new()).is_some());
        }
        until("its end", || {
            dealer.sleep(Some(SOON));
            assert!(dealer.receive(&mut Vec::new()).is_none());
            dealer.promise.is_none()
        });
        assert_eq!(dealer.take_ended(), !kept);
    }
    assert_eq!(dealer.last_failure().map(Failure::kind), Some(io::ErrorKind::TimedOut));
}

#[test]
fn large_messages_pass_through_small_buffers() {
    let mut router = router();
    let at = router.listen((FIRST.to_string(), 0)).expect("a port");
    let mut dealer = Dealer::connect(at, BOUNDS).expect("a dealer");
    connect(&mut dealer, &mut router);
    let link = dealer.link.as_ref().expect("it is connected");
    let sockets: Vec<_> = router.sockets().chain([link.socket()]).collect();
    for socket in sockets {
        set_socket_send_buffer_size(socket, 2048).expect("a socket");
    }
    let payload: Bytes = (0..400_000u32).map(|place| place as u8).collect::<Vec<_>>().into();
    for number in 0..3 {
        let payloads = [payload.clone(), Bytes::from_static(b"small")];
        assert_eq!(dealer.send(&[number], &payloads), Ok(()));
        let (mut there, mut back) = (Vec::new(), Vec::new());
        until("the message to come back", || {
            if let Some(received) = router.receive(&mut there) {
                assert_eq!(router.send(received.route, &received.header, &there), Ok(()));
            }
            dealer.receive(&mut back).is_some_and(|header| {
                assert_eq!(&header[..], [number]);
                true
            })
        });
        assert!(back == payloads);
    }
}
