//! Two kinds of wires, and a place where they meet.

use bytes::Bytes;
use powerhose_harness::free_address;
use powerhose_wires::choice::Wire;
use powerhose_wires::{Address, Bounds, Dealer, Link, Listener, Received, Route, Router, Sharing, memory};
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Small, so that tests reach them.
pub(crate) const BOUNDS: Bounds =
    Bounds { frame_bytes_max: 4 << 20, frames_max: 16, message_bytes_max: 16 << 20, unsent_max: 1000 };
/// Whatever a test waits for comes in much less.
pub(crate) const SOON: Duration = Duration::from_secs(20);
const CONNECTIONS_MAX: usize = 20;
/// Between two looks of who waits for two things at once.
const TICK: Duration = Duration::from_millis(5);

/// What stands at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Ours, without shared memory.
    Zmtp,
    /// Ours, with shared memory where the other end has it.
    Shared,
    Libzmq,
    Memory,
}

/// Over what.
pub(crate) enum Place {
    Unix(TempDir),
    Tcp(SocketAddrV4),
    Memory(memory::Place),
}

pub(crate) struct World {
    pub(crate) listens: Kind,
    pub(crate) connects: Kind,
    pub(crate) place: Place,
}

/// A listener and a link that know each other.
pub(crate) struct Pair {
    pub(crate) listener: Box<dyn Listener>,
    pub(crate) link: Box<dyn Link>,
    pub(crate) route: Route,
}

impl Place {
    pub(crate) fn unix() -> Place {
        Place::Unix(TempDir::new().expect("a temporary folder"))
    }

    pub(crate) fn tcp() -> Place {
        Place::Tcp(free_address())
    }

    pub(crate) fn memory() -> Place {
        Place::Memory(memory::Place::new())
    }
}

impl World {
    pub(crate) fn address(&self) -> Address {
        match &self.place {
            Place::Unix(folder) => folder.path().join("socket").as_path().into(),
            Place::Tcp(at) => (at.ip().to_string(), at.port()).into(),
            Place::Memory(_) => ("memory", 0).into(),
        }
    }

    pub(crate) fn listener(&self) -> Box<dyn Listener> {
        let mut listener: Box<dyn Listener> = match (self.listens, &self.place) {
            (_, Place::Memory(place)) => Box::new(place.listen().expect("a place")),
            (Kind::Zmtp | Kind::Memory, _) => {
                Box::new(Router::new(BOUNDS, CONNECTIONS_MAX).expect("a listener"))
            }
            (Kind::Shared, _) => {
                Box::new(Router::sharing(BOUNDS, CONNECTIONS_MAX, Sharing::Offered).expect("a listener"))
            }
            (Kind::Libzmq, _) => Wire::Libzmq.listener(BOUNDS, CONNECTIONS_MAX, None).expect("a listener"),
        };
        assert_eq!(listener.listen(&self.address()).expect("an address of its own"), self.address());
        listener
    }

    pub(crate) fn link(&self) -> Box<dyn Link> {
        match (self.connects, &self.place) {
            (_, Place::Memory(place)) => Box::new(place.connect().expect("a place")),
            (Kind::Zmtp | Kind::Memory, _) => {
                Box::new(Dealer::connect(self.address(), BOUNDS).expect("a link"))
            }
            (Kind::Shared, _) => {
                Box::new(Dealer::sharing(self.address(), BOUNDS, Sharing::Offered).expect("a link"))
            }
            (Kind::Libzmq, _) => Wire::Libzmq.link(&self.address(), BOUNDS, None).expect("a link"),
        }
    }

    /// Connected, and each has heard of the other.
    pub(crate) fn pair(&self) -> Pair {
        let mut listener = self.listener();
        let mut link = self.link();
        let route = meet(&mut *listener, &mut *link);
        Pair { listener, link, route }
    }

    /// Another can listen here again.
    pub(crate) fn clear(&self) {
        if let Address::Unix(path) = self.address() {
            // libzmq has removed it.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Whether who listens sees each end in its place.
    pub(crate) fn listener_is_certain(&self) -> bool {
        self.listens != Kind::Libzmq
    }

    /// Whether who connects reads all that came before an end, and sees the end in its place.
    pub(crate) fn link_is_certain(&self) -> bool {
        self.connects != Kind::Libzmq
    }

    /// Whether there are sockets: other peers can come, and there are bounds.
    pub(crate) fn has_sockets(&self) -> bool {
        self.listens != Kind::Memory
    }
}

/// Sends until the listener hears it; the route by which it does, and by which the link hears back.
pub(crate) fn meet(listener: &mut dyn Listener, link: &mut dyn Link) -> Route {
    let mut payloads = Vec::new();
    until("a connection", || {
        assert!(link.receive(&mut payloads).is_none());
        assert!(listener.receive(&mut payloads).is_none());
        pause(listener, link);
        link.send(b"first", &[]).is_ok()
    });
    let (first, _) = heard(listener);
    assert_eq!(first.header, "first");
    listener.send(first.route, b"welcome", &[]).expect("it is there");
    assert_eq!(told(link).0, "welcome");
    first.route
}

/// Both sleep a little, in turn.
pub(crate) fn pause(listener: &mut dyn Listener, link: &mut dyn Link) {
    if !listener.has_more() {
        listener.sleep(Some(TICK));
    }
    if !link.has_more() {
        link.sleep(Some(TICK));
    }
}

/// The next message to who listens.
pub(crate) fn heard(listener: &mut dyn Listener) -> (Received, Vec<Bytes>) {
    let end = Instant::now() + SOON;
    let mut payloads = Vec::new();
    loop {
        if let Some(received) = listener.receive(&mut payloads) {
            return (received, payloads);
        }
        if !listener.has_more() {
            listener.sleep(Some(end.saturating_duration_since(Instant::now())));
        }
        assert!(Instant::now() < end, "waited in vain for a message");
        // Whatever else it has to tell, tests ask for when they want it; hints must be taken for it to sleep.
    }
}

/// The next message to who connected.
pub(crate) fn told(link: &mut dyn Link) -> (Bytes, Vec<Bytes>) {
    let end = Instant::now() + SOON;
    let mut payloads = Vec::new();
    loop {
        if let Some(header) = link.receive(&mut payloads) {
            return (header, payloads);
        }
        if !link.has_more() {
            link.sleep(Some(end.saturating_duration_since(Instant::now())));
        }
        assert!(Instant::now() < end, "waited in vain for a message");
    }
}

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain for {what}");
    }
}
