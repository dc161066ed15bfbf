//! Descriptors: what is opened is closed, and whoever has none left goes on with those that it has. Tests of one process
//! count the same descriptors, so that they run one after the other.

use powerhose_wires::{Address, Bounds, Dealer, Router};
use powerhose_wires::{Link as _, Listener as _};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const BOUNDS: Bounds =
    Bounds { frame_bytes_max: 1 << 20, frames_max: 16, message_bytes_max: 1 << 20, unsent_max: 1000 };
/// Whatever a test waits for comes in much less.
const SOON: Duration = Duration::from_secs(20);
static ALONE: Mutex<()> = Mutex::new(());

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("a list of descriptors").count()
}

fn router() -> (Router, Address) {
    let mut router = Router::new(BOUNDS, 1000).expect("a router");
    let address = router.listen(("127.0.0.1", 0)).expect("a port");
    (router, address)
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain for {what}");
    }
}

fn connect(dealer: &mut Dealer, router: &mut Router) {
    until("a connection", || {
        assert_eq!((dealer.receive(&mut Vec::new()), router.receive(&mut Vec::new())), (None, None));
        dealer.is_connected()
    });
}

#[test]
fn a_thousand_connections_leave_no_descriptor_behind() {
    let _alone = ALONE.lock();
    let (mut router, address) = router();
    let before = open_descriptors();
    for _ in 0..1000 {
        let mut dealer = Dealer::connect(address.clone(), BOUNDS).expect("a dealer");
        connect(&mut dealer, &mut router);
    }
    let mut ended = router.take_ended().count();
    until("the ends", || {
        assert_eq!(router.receive(&mut Vec::new()), None);
        ended += router.take_ended().count();
        ended == 1000
    });
    assert_eq!(open_descriptors(), before);
    drop(router);
    for host in ["127.0.0.1", "localhost"] {
        let Address::Tcp { port, .. } = &address else { panic!("it is a port") };
        for _ in 0..100 {
            let mut dealer = Dealer::connect((host, *port), BOUNDS).expect("a dealer");
            until("the refusal", || {
                assert_eq!(dealer.receive(&mut Vec::new()), None);
                dealer.last_failure().is_some()
            });
        }
    }
    // Two are the router's own: its poller and its timer; one listened.
    until("the last look-up to end", || open_descriptors() == before - 3);
}

#[test]
fn a_router_without_a_descriptor_left_goes_on_and_accepts_later() {
    let _alone = ALONE.lock();
    let (mut router, address) = router();
    let mut dealer = Dealer::connect(address.clone(), BOUNDS).expect("a dealer");
    connect(&mut dealer, &mut router);
    let Address::Tcp { port, .. } = address else { panic!("it is a port") };
    let streams: Vec<_> =
        (0..5).map(|_| TcpStream::connect(("127.0.0.1", port)).expect("it listens")).collect();
    let limit = getrlimit(Resource::Nofile);
    // The lowest that are free are given out first.
    let first_free = std::fs::File::open("/dev/null").map(|file| std::os::fd::AsRawFd::as_raw_fd(&file));
    let current = Some(first_free.expect("there is one").try_into().expect("it is positive"));
    setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum }).expect("a lower limit");
    for number in 0..10 {
        assert_eq!(dealer.send(&[number], &[]), Ok(()));
        until("the message", || router.receive(&mut Vec::new()).is_some_and(|it| it.header[..] == [number]));
    }
    assert_eq!(router.receive(&mut Vec::new()), None);
    assert!(!router.has_more(), "nobody is kept awake by those who cannot be accepted");
    setrlimit(Resource::Nofile, limit).expect("the limit as it was");
    let mut greeting = [0; 10];
    for stream in &streams {
        stream.set_nonblocking(true).expect("a socket");
        until("the greeting", || {
            router.sleep(Some(Duration::from_millis(10)));
            assert_eq!(router.receive(&mut Vec::new()), None);
            std::io::Read::read_exact(&mut &*stream, &mut greeting).is_ok()
        });
    }
}
