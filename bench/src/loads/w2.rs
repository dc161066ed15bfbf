//! Small echoes, many in flight.

use super::{Against, Bound, Contender, Load, Row};
use crate::figure::Figure;
use crate::floors::zmq::Between;
use crate::work::Work;
use crate::{floors, ours};
use std::time::Duration;

const IN_FLIGHT: usize = 64;

pub(super) const SUBMIT: Contender =
    Contender::ours("submit, echo", |conditions| ours::submit(Work::Echo, IN_FLIGHT, conditions));
const TASKS: Contender = Contender::ours("submit from tokio tasks, echo", |conditions| {
    ours::submit_tasks(Work::Echo, IN_FLIGHT, conditions)
});
pub(super) const EXECUTE: Contender = Contender::ours("execute from threads, echo", |conditions| {
    ours::execute(Work::Echo, IN_FLIGHT, conditions)
});
pub(super) const LIBZMQ: Contender = Contender::floor("libzmq, no balancer, echo", |conditions| {
    floors::zmq::pipelined(Between::Ipc, Work::Echo, IN_FLIGHT, conditions)
});
pub(super) const RINGS: Contender = Contender::floor("shared memory, one caller, echo", |conditions| {
    floors::rings::pipelined(Work::Echo, IN_FLIGHT, Duration::ZERO, conditions)
});

pub(super) const LOAD: Load = Load {
    name: "w2",
    title: "W2: a small echo, 64 in flight",
    rows: &[
        Row::new(&SUBMIT, Figure::Rate)
            .reach(Against::Ratio(&LIBZMQ, 1.0), Bound::AtLeast(1.5))
            .then_try_for(Bound::AtLeast(2.5)),
        Row::new(&TASKS, Figure::Rate),
        Row::new(&EXECUTE, Figure::Rate)
            .reach(Against::Ratio(&LIBZMQ, 1.0), Bound::AtLeast(0.6))
            .then_try_for(Bound::AtLeast(1.0)),
        Row::new(&LIBZMQ, Figure::Rate),
        Row::new(&RINGS, Figure::Rate),
    ],
};
