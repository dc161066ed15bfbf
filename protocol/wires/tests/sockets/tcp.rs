//! What only TCP has: ports, names, two kinds of addresses.

use super::place::{BOUNDS, Place};
use super::{A_WHILE, connect, hear, receive, until};
use bytes::Bytes;
use powerhose_wires::{Address, Dealer, Failure, Router};
use powerhose_wires::{Link as _, Listener as _};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

fn router() -> Router {
    Router::new(BOUNDS, 100).expect("a router")
}

fn dealer(host: &str, port: u16) -> Dealer {
    Dealer::connect((host, port), BOUNDS).expect("a dealer")
}

fn host_and_port(address: Address) -> (String, u16) {
    match address {
        Address::Tcp { host, port } => (host, port),
        Address::Unix(path) => panic!("{} is no port", path.display()),
    }
}

/// A message goes there and back.
fn talk(dealer: &mut Dealer, router: &mut Router) {
    connect(dealer, router);
    assert_eq!(dealer.send(b"question", &[]), Ok(()));
    let (received, _) = receive(router);
    assert_eq!(router.send(received.route, b"answer", &[]), Ok(()));
    assert_eq!(&hear(dealer, router).0[..], b"answer");
}

#[test]
fn a_port_that_the_system_chose_is_filled_in() {
    let mut router = router();
    for asked in ["127.0.0.1", "::1"] {
        let (host, port) = host_and_port(router.listen((asked, 0)).expect("a port"));
        assert!(host == asked && port != 0);
        talk(&mut dealer(&host, port), &mut router);
    }
}

#[test]
fn a_router_listens_at_paths_and_ports_together() {
    let (path, port) = (Place::unix(), Place::tcp());
    let mut router = router();
    for place in [&path, &port] {
        router.listen(place.address()).expect("an address of its own");
    }
    let mut dealers = [path.dealer(), port.dealer()];
    for dealer in &mut dealers {
        talk(dealer, &mut router);
    }
    for (number, dealer) in dealers.iter_mut().enumerate() {
        assert_eq!(dealer.send(&[number as u8], &[Bytes::from_static(b"payload")]), Ok(()));
    }
    let mut routes: Vec<_> = (0..2).map(|_| receive(&mut router).0.route).collect();
    routes.dedup();
    assert_eq!(routes.len(), 2);
}

#[test]
fn a_port_that_is_in_use_is_an_error_that_says_so() {
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let at = other.local_addr().expect("it is bound");
    for host in ["127.0.0.1", "localhost"] {
        let refused = router().listen((host, at.port())).expect_err("it is in use");
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        assert!(refused.to_string().contains(&at.to_string()), "{refused}");
    }
}

#[test]
fn localhost_is_listened_at_and_reached_by_its_name() {
    let mut router = router();
    let (host, port) = host_and_port(router.listen(("localhost", 0)).expect("a port"));
    assert_eq!(host, "localhost");
    talk(&mut dealer(&host, port), &mut router);
    talk(&mut dealer("127.0.0.1", port), &mut router);
}

#[test]
fn all_addresses_are_those_of_both_kinds() {
    for asked in ["*", "::"] {
        let mut router = router();
        let (host, port) = host_and_port(router.listen((asked, 0)).expect("a port"));
        assert_eq!(host, "::");
        for own in ["127.0.0.1", "::1", "127.0.0.77"] {
            talk(&mut dealer(own, port), &mut router);
        }
    }
    let mut router = router();
    let (host, port) = host_and_port(router.listen(("0.0.0.0", 0)).expect("a port"));
    assert_eq!(host, "0.0.0.0");
    talk(&mut dealer("127.0.0.77", port), &mut router);
    assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).is_err());
}

#[test]
#[cfg(target_os = "linux")]
fn an_interface_is_listened_at_by_its_name() {
    let mut router = router();
    let (host, port) = host_and_port(router.listen(("lo", 0)).expect("a port"));
    assert_eq!(host, "127.0.0.1");
    talk(&mut dealer(&host, port), &mut router);
}

#[test]
fn a_name_that_is_none_of_this_machine_cannot_be_listened_at() {
    // An address for documentation.
    let refused = router().listen(("192.0.2.222", 0)).expect_err("it is no address of this machine");
    assert_eq!(refused.kind(), io::ErrorKind::AddrNotAvailable);
    assert!(refused.to_string().starts_with("192.0.2.222:0: "), "{refused}");
}

#[test]
fn nobody_is_to_be_reached_at_port_0() {
    let refused = Dealer::connect(("127.0.0.1", 0), BOUNDS).err().map(|error| error.kind());
    assert_eq!(refused, Some(io::ErrorKind::InvalidInput));
}

#[test]
fn what_was_refused_is_connected_as_soon_as_somebody_listens() {
    let place = Place::tcp();
    let mut dealer = place.dealer();
    until("the refusal", || {
        dealer.sleep(A_WHILE);
        assert_eq!(dealer.receive(&mut Vec::new()), None);
        dealer.last_failure().map(Failure::kind)
    });
    let failure = dealer.last_failure().expect("it stays").clone();
    assert_eq!(failure.kind(), io::ErrorKind::ConnectionRefused);
    assert!(failure.to_string().starts_with(&place.address().to_string()), "{failure}");
    let mut router = place.router();
    talk(&mut dealer, &mut router);
    assert_eq!(dealer.last_failure(), None);
}
