//! What a small job costs of the processors, over all processes.

use super::{Against, Bound, Load, Row, open_loop, w2};
use crate::figure::Figure;

pub(super) const LOAD: Load = Load {
    name: "cost",
    title: "Cost: CPU time of a small echo, over all processes",
    rows: &[
        Row::new(&open_loop::SUBMIT, Figure::CpuPerJob),
        Row::new(&open_loop::PACING, Figure::CpuPerJob),
        Row::new(&w2::SUBMIT, Figure::CpuPerJob)
            .reach(Against::Itself, Bound::AtMost(8_500.0))
            .then_try_for(Bound::AtMost(5_000.0)),
        Row::new(&w2::LIBZMQ, Figure::CpuPerJob),
    ],
};
