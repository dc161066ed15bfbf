//! W1 and W2 over TCP on the loopback device.

use super::{Against, Bound, Contender, Load, Row};
use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::floors::zmq::Between;
use crate::sample::Sample;
use crate::work::Work;
use crate::{floors, ours};

const IN_FLIGHT: usize = 64;

const EXECUTE: Contender = Contender::ours("TCP: execute, one caller", ours::tcp_round_trip);
const LIBZMQ_PING_PONG: Contender = Contender::floor("TCP: libzmq ping-pong", libzmq_ping_pong);
const SUBMIT: Contender =
    Contender::ours("TCP: submit, echo", |conditions| ours::tcp_submit(IN_FLIGHT, conditions));
const LIBZMQ: Contender = Contender::floor("TCP: libzmq, no balancer, echo", |conditions| {
    floors::zmq::pipelined(Between::Tcp, Work::Echo, IN_FLIGHT, conditions)
});

fn libzmq_ping_pong(conditions: &Conditions) -> anyhow::Result<Sample> {
    floors::zmq::ping_pong(Between::Tcp, conditions)
}

pub(super) const LOAD: Load = Load {
    name: "tcp",
    title: "TCP: W1 and W2 over the loopback device",
    rows: &[
        Row::new(&EXECUTE, Figure::P50).reach(Against::Ratio(&LIBZMQ_PING_PONG, 1.0), Bound::AtMost(0.35)),
        Row::new(&EXECUTE, Figure::P99),
        Row::new(&LIBZMQ_PING_PONG, Figure::P50),
        Row::new(&SUBMIT, Figure::Rate).reach(Against::Ratio(&LIBZMQ, 1.0), Bound::AtLeast(0.8)),
        Row::new(&LIBZMQ, Figure::Rate),
    ],
};
