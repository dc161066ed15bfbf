//! One caller, one call at a time, of an asynchronous program.

use super::{Against, Bound, Contender, Effort, Load, Row, w1};
use crate::figure::Figure;
use crate::ours;

const SUBMIT: Contender = Contender::ours("submit, awaited", ours::awaited_round_trip).with(Effort::Tail);

pub(super) const LOAD: Load = Load {
    name: "w1s",
    title: "W1s: the same by submit, awaited on a runtime with one thread",
    rows: &[
        Row::new(&SUBMIT, Figure::P50)
            .reach(Against::Ratio(&w1::UNIX_SOCKET_PING_PONG, 1.0), Bound::AtMost(1.8))
            .then_try_for(Bound::AtMost(1.3)),
        Row::new(&SUBMIT, Figure::CpuPerJob),
        Row::new(&SUBMIT, Figure::SleepsPerJob),
        Row::new(&SUBMIT, Figure::P99).beside(Against::Ratio(&w1::UNIX_SOCKET_PING_PONG, 1.0)),
    ],
};
