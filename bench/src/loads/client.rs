//! W1 and W2 with the master in another process.

use super::{Against, Bound, Contender, Load, Row, w1, w2};
use crate::figure::Figure;
use crate::ours;

const EXECUTE: Contender = Contender::ours("client: execute, one caller", ours::remote_round_trip);
const SUBMIT: Contender =
    Contender::ours("client: submit, echo", |conditions| ours::remote_submit(64, conditions));

pub(super) const LOAD: Load = Load {
    name: "client",
    title: "Client: W1 and W2 with the master in another process",
    rows: &[
        Row::new(&EXECUTE, Figure::P50)
            .reach(Against::Ratio(&w1::LIBZMQ_PING_PONG, 2.0), Bound::AtMost(1.1))
            .then_try_for(Bound::AtMost(1.0)),
        Row::new(&EXECUTE, Figure::P99),
        Row::new(&SUBMIT, Figure::Rate)
            .reach(Against::Ratio(&w2::SUBMIT, 1.0), Bound::AtLeast(0.8))
            .then_try_for(Bound::AtLeast(1.0)),
    ],
};
