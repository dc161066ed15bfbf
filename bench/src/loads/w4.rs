//! Echoes of a mebibyte.

use super::{Against, Bound, Contender, Load, Row};
use crate::figure::Figure;
use crate::sample::Sample;
use crate::work::{LARGE_BYTES, Work};
use crate::{floors, ours};

const IN_FLIGHT: usize = 8;

const SUBMIT: Contender = Contender::ours("submit, 1 MiB", |conditions| {
    ours::submit(Work::EchoLarge, IN_FLIGHT, conditions).map(with_bandwidth)
});
const LIBZMQ: Contender = Contender::floor("libzmq, no balancer, 1 MiB", |conditions| {
    floors::zmq::pipelined(Work::EchoLarge, IN_FLIGHT, conditions).map(with_bandwidth)
});
const UNIX_SOCKET: Contender = Contender::floor("unix socket, one caller a worker, 1 MiB", |conditions| {
    floors::unix_socket::ping_pongs(Work::EchoLarge, conditions).map(with_bandwidth)
});

/// Megabytes of payload a second, one way.
fn with_bandwidth(sample: Sample) -> Sample {
    let jobs = sample.figure(Figure::Rate).unwrap_or_default();
    sample.with(Figure::Bandwidth, jobs * LARGE_BYTES as f64 / 1e6)
}

pub(super) const LOAD: Load = Load {
    name: "w4",
    title: "W4: an echo of 1 MiB, 8 in flight",
    rows: &[
        Row::new(&SUBMIT, Figure::Bandwidth)
            .reach(Against::Ratio(&LIBZMQ, 1.0), Bound::AtLeast(0.9))
            .then_try_for(Bound::AtLeast(1.0)),
        Row::new(&LIBZMQ, Figure::Bandwidth),
        Row::new(&UNIX_SOCKET, Figure::Bandwidth),
    ],
};
