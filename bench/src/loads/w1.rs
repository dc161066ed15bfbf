//! One caller, one call at a time.

use super::{Against, Bound, Contender, Effort, Load, Row};
use crate::figure::Figure;
use crate::{floors, ours};

pub(crate) const EXECUTE: Contender =
    Contender::ours("execute, one caller", ours::round_trip).with(Effort::Tail);
pub(crate) const LIBZMQ_PING_PONG: Contender =
    Contender::floor("libzmq ping-pong", floors::zmq::ping_pong).with(Effort::Tail);
const UNIX_SOCKET_PING_PONG: Contender =
    Contender::floor("unix socket ping-pong", floors::unix_socket::ping_pong);

pub(super) const LOAD: Load = Load {
    name: "w1",
    title: "W1: a small echo, one caller, one call at a time, one worker",
    rows: &[
        Row::new(&EXECUTE, Figure::P50)
            .reach(Against::Ratio(&LIBZMQ_PING_PONG, 1.0), Bound::AtMost(1.15))
            .then_try_for(Bound::AtMost(1.05)),
        Row::new(&EXECUTE, Figure::P99)
            .reach(Against::Ratio(&LIBZMQ_PING_PONG, 1.0), Bound::AtMost(1.3))
            .then_try_for(Bound::AtMost(1.1)),
        Row::new(&LIBZMQ_PING_PONG, Figure::P50),
        Row::new(&LIBZMQ_PING_PONG, Figure::P99),
        Row::new(&UNIX_SOCKET_PING_PONG, Figure::P50),
        Row::new(&UNIX_SOCKET_PING_PONG, Figure::P99),
    ],
};
