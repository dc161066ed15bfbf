//! Echoes of a mebibyte, and jobs that read one and answer a few bytes (W4').

use super::{Against, Bound, Contender, Load, Row};
use crate::figure::Figure;
use crate::floors::zmq::Between;
use crate::sample::Sample;
use crate::work::{LARGE_BYTES, Work};
use crate::{floors, ours};

const IN_FLIGHT: usize = 8;

const SUBMIT: Contender = Contender::ours("submit, 1 MiB", |conditions| {
    ours::submit(Work::EchoLarge, IN_FLIGHT, conditions).map(with_bandwidth)
});
const LIBZMQ: Contender = Contender::floor("libzmq, no balancer, 1 MiB", |conditions| {
    floors::zmq::pipelined(Between::Ipc, Work::EchoLarge, IN_FLIGHT, conditions).map(with_bandwidth)
});
const UNIX_SOCKET: Contender = Contender::floor("unix socket, one caller a worker, 1 MiB", |conditions| {
    floors::unix_socket::ping_pongs(Work::EchoLarge, conditions).map(with_bandwidth)
});

const SUBMIT_READ: Contender = Contender::ours("submit, 1 MiB read", |conditions| {
    ours::submit(Work::Sum, IN_FLIGHT, conditions).map(with_bandwidth)
});
const UNIX_SOCKET_READ: Contender =
    Contender::floor("unix socket, one caller a worker, 1 MiB read", |conditions| {
        floors::unix_socket::ping_pongs(Work::Sum, conditions).map(with_bandwidth)
    });

/// Megabytes of payload a second, one way.
fn with_bandwidth(sample: Sample) -> Sample {
    let jobs = sample.figure(Figure::Rate).unwrap_or_default();
    sample.with(Figure::Bandwidth, jobs * LARGE_BYTES as f64 / 1e6)
}

pub(super) const LOAD: Load = Load {
    name: "w4",
    title: "W4: an echo of 1 MiB, and a job that only reads it (W4'), 8 in flight",
    rows: &[
        Row::new(&SUBMIT, Figure::Bandwidth)
            .reach(Against::Ratio(&LIBZMQ, 1.0), Bound::AtLeast(3.0))
            .then_try_for(Bound::AtLeast(5.0)),
        Row::new(&SUBMIT, Figure::Bandwidth).reach(Against::Ratio(&UNIX_SOCKET, 1.0), Bound::AtLeast(1.0)),
        Row::new(&SUBMIT_READ, Figure::Bandwidth).reach(Against::Ratio(&SUBMIT, 1.0), Bound::AtLeast(2.0)),
        Row::new(&LIBZMQ, Figure::Bandwidth),
        Row::new(&UNIX_SOCKET, Figure::Bandwidth),
        Row::new(&UNIX_SOCKET_READ, Figure::Bandwidth),
    ],
};
