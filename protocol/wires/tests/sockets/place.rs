//! Where a test's sockets meet: a path or a TCP port of its own, the ends that meet there, and peers that are nothing but
//! bytes.

use powerhose_harness::free_address;
use powerhose_wires::{Address, Bounds, Dealer, Router};
use std::io::{self, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const BOUNDS: Bounds =
    Bounds { frame_bytes_max: 8 << 20, frames_max: 16, message_bytes_max: 32 << 20, unsent_max: 1000 };
/// Whatever a test waits for comes in much less.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) enum Place {
    Unix(TempDir),
    Tcp(SocketAddrV4),
}

impl Place {
    pub(crate) fn unix() -> Place {
        Place::Unix(TempDir::new().expect("a temporary folder"))
    }

    pub(crate) fn tcp() -> Place {
        Place::Tcp(free_address())
    }

    fn path(folder: &TempDir) -> PathBuf {
        folder.path().join("socket")
    }

    pub(crate) fn address(&self) -> Address {
        match self {
            Place::Unix(folder) => Place::path(folder).as_path().into(),
            Place::Tcp(at) => (at.ip().to_string(), at.port()).into(),
        }
    }

    fn endpoint(&self) -> String {
        let scheme = match self {
            Place::Unix(_) => "ipc",
            Place::Tcp(_) => "tcp",
        };
        format!("{scheme}://{}", self.address())
    }

    pub(crate) fn router(&self) -> Router {
        self.router_for(100)
    }

    pub(crate) fn router_for(&self, connections_max: usize) -> Router {
        let mut router = Router::new(BOUNDS, connections_max).expect("a router");
        assert_eq!(router.listen(self.address()).expect("an address of its own"), self.address());
        router
    }

    /// Another router can listen here again.
    pub(crate) fn clear(&self) {
        if let Place::Unix(folder) = self {
            std::fs::remove_file(Place::path(folder)).expect("it was left there");
        }
    }

    pub(crate) fn dealer(&self) -> Dealer {
        Dealer::connect(self.address(), BOUNDS).expect("a dealer")
    }

    /// A router of libzmq's that listens here.
    pub(crate) fn zmq_router(&self, change: impl FnOnce(&zmq::Socket)) -> zmq::Socket {
        let router = zmq_socket(zmq::ROUTER);
        change(&router);
        router.bind(&self.endpoint()).expect("an address of its own");
        router
    }

    /// A dealer of libzmq's that connects here.
    pub(crate) fn zmq_dealer(&self) -> zmq::Socket {
        self.zmq_socket(zmq::DEALER, |_| {})
    }

    pub(crate) fn zmq_socket(&self, kind: zmq::SocketType, change: impl FnOnce(&zmq::Socket)) -> zmq::Socket {
        let socket = zmq_socket(kind);
        change(&socket);
        socket.connect(&self.endpoint()).expect("an endpoint");
        socket
    }

    /// A peer that connects, and says what the test says.
    pub(crate) fn stream(&self) -> Stream {
        match self {
            Place::Unix(folder) => {
                Stream::Unix(UnixStream::connect(Place::path(folder)).expect("somebody listens")).patient()
            }
            Place::Tcp(at) => Stream::Tcp(TcpStream::connect(at).expect("somebody listens")).patient(),
        }
    }

    /// A peer that listens.
    pub(crate) fn listener(&self) -> Listener {
        match self {
            Place::Unix(folder) => {
                Listener::Unix(UnixListener::bind(Place::path(folder)).expect("a path of its own"))
            }
            Place::Tcp(at) => Listener::Tcp(TcpListener::bind(at).expect("a port of its own")),
        }
    }

    /// What a dealer opens with, as it goes over the wire.
    pub(crate) fn opening() -> Vec<u8> {
        let place = Place::unix();
        let listener = place.listener();
        let dealer = place.dealer();
        let mut stream = listener.accept();
        drop(dealer);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("it ends");
        bytes
    }
}

fn zmq_socket(kind: zmq::SocketType) -> zmq::Socket {
    let socket = zmq::Context::new().socket(kind).expect("a socket");
    socket.set_linger(0).expect("an option");
    socket.set_rcvtimeo(SOON.as_millis() as i32).expect("an option");
    socket
}

pub(crate) enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    pub(crate) fn accept(&self) -> Stream {
        match self {
            Listener::Unix(listener) => Stream::Unix(listener.accept().expect("a peer").0).patient(),
            Listener::Tcp(listener) => Stream::Tcp(listener.accept().expect("a peer").0).patient(),
        }
    }
}

/// A peer that knows no ZMTP.
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn patient(self) -> Stream {
        match &self {
            Stream::Unix(stream) => stream.set_read_timeout(Some(SOON)),
            Stream::Tcp(stream) => stream.set_read_timeout(Some(SOON)),
        }
        .expect("a socket");
        self
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.read(buffer),
            Stream::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.write(bytes),
            Stream::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
