//! Jobs that compute for about 88 µs, many in flight.

use super::{Against, Bound, Contender, Load, Row};
use crate::figure::Figure;
use crate::work::Work;
use crate::{floors, ours};

const IN_FLIGHT: usize = 64;

const SUBMIT: Contender =
    Contender::ours("submit, 88 µs", |conditions| ours::submit(Work::Hmac, IN_FLIGHT, conditions));
const EXECUTE: Contender = Contender::ours("execute from threads, 88 µs", |conditions| {
    ours::execute(Work::Hmac, IN_FLIGHT, conditions)
});
const PLAIN_THREADS: Contender = Contender::floor("plain threads, 88 µs", floors::plain_threads::hmac);
const UNIX_SOCKET: Contender = Contender::floor("unix socket, one caller a worker, 88 µs", |conditions| {
    floors::unix_socket::ping_pongs(Work::Hmac, conditions)
});
const LIBZMQ: Contender = Contender::floor("libzmq, no balancer, 88 µs", |conditions| {
    floors::zmq::pipelined(Work::Hmac, IN_FLIGHT, conditions)
});

pub(super) const LOAD: Load = Load {
    name: "w3",
    title: "W3: jobs of 88 µs, 64 in flight",
    rows: &[
        Row::new(&SUBMIT, Figure::Rate)
            .reach(Against::Ratio(&PLAIN_THREADS, 1.0), Bound::AtLeast(0.85))
            .then_try_for(Bound::AtLeast(0.93)),
        Row::new(&EXECUTE, Figure::Rate),
        Row::new(&PLAIN_THREADS, Figure::Rate),
        Row::new(&UNIX_SOCKET, Figure::Rate),
        Row::new(&LIBZMQ, Figure::Rate),
    ],
};
