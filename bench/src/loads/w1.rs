//! One caller, one call at a time.

use super::{Against, Bound, Contender, Effort, Load, Row};
use crate::conditions::Conditions;
use crate::figure::Figure;
use crate::floors::zmq::Between;
use crate::sample::Sample;
use crate::{floors, ours};

pub(crate) const EXECUTE: Contender =
    Contender::ours("execute, one caller", ours::round_trip).with(Effort::Tail);
pub(crate) const LIBZMQ_PING_PONG: Contender =
    Contender::floor("libzmq ping-pong", libzmq_ping_pong).with(Effort::Tail);
pub(super) const UNIX_SOCKET_PING_PONG: Contender =
    Contender::floor("unix socket ping-pong", floors::unix_socket::ping_pong).with(Effort::Tail);
const RINGS_PING_PONG: Contender =
    Contender::floor("shared memory ping-pong", floors::rings::ping_pong).with(Effort::Tail);

fn libzmq_ping_pong(conditions: &Conditions) -> anyhow::Result<Sample> {
    floors::zmq::ping_pong(Between::Ipc, conditions)
}

pub(super) const LOAD: Load = Load {
    name: "w1",
    title: "W1: a small echo, one caller, one call at a time, one worker",
    rows: &[
        Row::new(&EXECUTE, Figure::P50)
            .reach(Against::Ratio(&LIBZMQ_PING_PONG, 1.0), Bound::AtMost(0.3))
            .then_try_for(Bound::AtMost(0.2)),
        // 0.5 in an hour in which cores wake slowly.
        Row::new(&EXECUTE, Figure::P50)
            .reach(Against::Ratio(&UNIX_SOCKET_PING_PONG, 1.0), Bound::AtMost(1.2))
            .then_try_for(Bound::AtMost(0.5)),
        Row::new(&EXECUTE, Figure::P99).beside(Against::Ratio(&LIBZMQ_PING_PONG, 1.0)),
        Row::new(&EXECUTE, Figure::P99)
            .reach(Against::Ratio(&UNIX_SOCKET_PING_PONG, 1.0), Bound::AtMost(1.5)),
        Row::new(&EXECUTE, Figure::CpuPerJob),
        Row::new(&EXECUTE, Figure::SleepsPerJob),
        Row::new(&LIBZMQ_PING_PONG, Figure::P50),
        Row::new(&LIBZMQ_PING_PONG, Figure::P99),
        Row::new(&UNIX_SOCKET_PING_PONG, Figure::P50),
        Row::new(&UNIX_SOCKET_PING_PONG, Figure::P99),
        Row::new(&RINGS_PING_PONG, Figure::P50),
        Row::new(&RINGS_PING_PONG, Figure::P99),
    ],
};
