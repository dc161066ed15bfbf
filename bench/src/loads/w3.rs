//! Jobs that compute for about 88 µs, many in flight.

use super::{Against, Bound, Contender, Load, Row};
use crate::figure::Figure;
use crate::floors::zmq::Between;
use crate::work::Work;
use crate::{floors, ours};
use std::time::Duration;

const IN_FLIGHT: usize = 64;

const SUBMIT: Contender =
    Contender::ours("submit, 88 µs", |conditions| ours::submit(Work::Hmac, IN_FLIGHT, conditions));
const EXECUTE: Contender = Contender::ours("execute from threads, 88 µs", |conditions| {
    ours::execute(Work::Hmac, IN_FLIGHT, conditions)
});
pub(super) const PLAIN_THREADS: Contender =
    Contender::floor("plain threads, 88 µs", floors::plain_threads::hmac);
const UNIX_SOCKET: Contender = Contender::floor("unix socket, one caller a worker, 88 µs", |conditions| {
    floors::unix_socket::ping_pongs(Work::Hmac, conditions)
});
const LIBZMQ: Contender = Contender::floor("libzmq, no balancer, 88 µs", |conditions| {
    floors::zmq::pipelined(Between::Ipc, Work::Hmac, IN_FLIGHT, conditions)
});

const SPAWN_BLOCKING: Contender = Contender::floor("spawn_blocking, 88 µs", |conditions| {
    floors::spawn_blocking::hmac(IN_FLIGHT, conditions)
});
const RINGS: Contender = Contender::floor("shared memory, one caller, 88 µs", |conditions| {
    floors::rings::pipelined(Work::Hmac, IN_FLIGHT, REST, conditions)
});
const THREADS: Against = Against::Ratio(&PLAIN_THREADS, 1.0);
/// Between two looks at the rings: a worker has jobs for several times that.
const REST: Duration = Duration::from_micros(400);

pub(super) const LOAD: Load = Load {
    name: "w3",
    title: "W3: jobs of 88 µs, 64 in flight",
    rows: &[
        Row::new(&SUBMIT, Figure::Rate)
            .reach(THREADS, Bound::AtLeast(0.93))
            .then_try_for(Bound::AtLeast(0.97)),
        Row::new(&SUBMIT, Figure::Rate).reach(Against::Ratio(&SPAWN_BLOCKING, 1.0), Bound::AtLeast(1.0)),
        Row::new(&EXECUTE, Figure::Rate).beside(THREADS),
        Row::new(&PLAIN_THREADS, Figure::Rate),
        Row::new(&SPAWN_BLOCKING, Figure::Rate).beside(THREADS),
        Row::new(&RINGS, Figure::Rate).beside(THREADS),
        Row::new(&UNIX_SOCKET, Figure::Rate).beside(THREADS),
        Row::new(&LIBZMQ, Figure::Rate).beside(THREADS),
    ],
};
