//! What a small job costs of the processors, over all processes.

use super::{Against, Bound, Load, Row, open_loop, w2};
use crate::figure::Figure;

pub(super) const LOAD: Load = Load {
    name: "cost",
    title: "Cost: CPU time of a small echo and sleeps of threads, over all processes",
    rows: &[
        Row::new(&open_loop::SUBMIT, Figure::CpuPerJob).reach(Against::Itself, Bound::AtMost(25_000.0)),
        Row::new(&open_loop::SUBMIT, Figure::CpuPerJob)
            .reach(Against::Excess(&open_loop::UNIX_SOCKET), Bound::AtMost(10_000.0)),
        Row::new(&open_loop::SUBMIT, Figure::SleepsPerJob),
        Row::new(&open_loop::PACING, Figure::CpuPerJob),
        Row::new(&open_loop::PACING, Figure::SleepsPerJob),
        Row::new(&open_loop::UNIX_SOCKET, Figure::CpuPerJob),
        Row::new(&open_loop::UNIX_SOCKET, Figure::SleepsPerJob),
        Row::new(&w2::SUBMIT, Figure::CpuPerJob)
            .reach(Against::Itself, Bound::AtMost(2_500.0))
            .then_try_for(Bound::AtMost(1_500.0)),
        Row::new(&w2::SUBMIT, Figure::SleepsPerJob),
        Row::new(&w2::EXECUTE, Figure::CpuPerJob),
        Row::new(&w2::EXECUTE, Figure::SleepsPerJob),
        Row::new(&w2::LIBZMQ, Figure::CpuPerJob),
        Row::new(&w2::RINGS, Figure::CpuPerJob),
    ],
};
